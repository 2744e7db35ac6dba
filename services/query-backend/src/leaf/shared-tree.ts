import type { CallTree } from "@hearth/block";
import { ExactSums } from "@hearth/exact-integers";
import { PairInterner, StringInterner } from "@hearth/symbols";
import { encodeTree, type Tree } from "@hearth/tree";
import type { SampleSums } from "./sample-sums.ts";

const NO_NODE = 0xffffffff;

/**
 * One call tree that the datasets of a thread share. Blocks of a service hold nearly the same stacks again and again:
 * their nodes are found by name and parent once, when a dataset is first asked, and from then on a query adds each
 * sample to a number.
 */
export class SharedTree {
  /** Distinguishes the numbers of this tree from those of others. */
  readonly id: number;
  readonly #names = new StringInterner();
  readonly #nodes = new PairInterner(4096);

  constructor(id: number) {
    this.id = id;
    this.#nodes.intern(NO_NODE, 0);
  }

  get nodeCount(): number {
    return this.#nodes.count;
  }

  /** Memory of names and nodes, about. */
  get sizeBytes(): number {
    return this.#names.sizeBytes + this.#names.count * 16 + this.#nodes.count * 16;
  }

  /** For each node of `tree` its number here; nodes are made as needed. */
  merge(tree: CallTree): Uint32Array {
    const { names, parent, name } = tree;
    const ownNames = new Uint32Array(names.offsets.length - 1);
    for (let i = 0; i < ownNames.length; i++) {
      ownNames[i] = this.#names.intern(names.bytes, names.offsets[i]!, names.offsets[i + 1]!);
    }
    const own = new Uint32Array(parent.length);
    for (let node = 1; node < parent.length; node++) {
      own[node] = this.#nodes.intern(own[parent[node]!]!, ownNames[name[node]!]!);
    }
    return own;
  }

  /** The part of the tree that has values, as `@hearth/tree` encodes it. @param sums - by node of this tree. */
  encode(sums: SampleSums): Uint8Array {
    return encodeTree(this.#extract(sums));
  }

  #extract(sums: SampleSums): Tree {
    const parents = this.#nodes.first;
    const used = sums.usedNodes(parents);
    const moved = new Uint32Array(used.at(-1)! + 1);
    for (let i = 0; i < used.length; i++) moved[used[i]!] = i;
    const names = new NameSubset(this.#names);
    const parent = new Uint32Array(used.length);
    const name = new Uint32Array(used.length);
    const self = new ExactSums(used.length);
    for (let i = 1; i < used.length; i++) {
      const node = used[i]!;
      parent[i] = moved[parents[node]!]!;
      name[i] = names.number(this.#nodes.second[node]!);
      self.add(i, sums.low[node] ?? 0, sums.high?.[node] ?? 0);
    }
    return { names: names.build(), parent, name, self: { low: self.low, high: self.high } };
  }
}

/** Some of the names of an interner, numbered as they are asked for. */
class NameSubset {
  readonly #from: StringInterner;
  readonly #numbers: Uint32Array;
  readonly #chosen: number[] = [0];

  constructor(from: StringInterner) {
    this.#from = from;
    this.#numbers = new Uint32Array(from.count);
  }

  number(name: number): number {
    if (name !== 0 && this.#numbers[name] === 0) this.#numbers[name] = this.#chosen.push(name) - 1;
    return this.#numbers[name]!;
  }

  build(): { bytes: Uint8Array; offsets: Uint32Array } {
    return this.#from.pick(this.#chosen);
  }
}
