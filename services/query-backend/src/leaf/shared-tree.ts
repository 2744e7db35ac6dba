import type { CallTree } from "@hearth/block";
import { ExactSums } from "@hearth/exact-integers";
import { grown, PairInterner, StringInterner } from "@hearth/symbols";
import { encodeTree, type Tree } from "@hearth/tree";

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

  /** The part of the tree that has values, as `@hearth/tree` encodes it. */
  encode(sums: NodeSums): Uint8Array {
    return encodeTree(this.#extract(sums));
  }

  #extract(sums: NodeSums): Tree {
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

/** Values by node of a {@link SharedTree}, for one query. */
export class NodeSums {
  low: Float64Array = new Float64Array(0);
  high: Float64Array | undefined;
  /** 1 for each node that something was added to. */
  #touched = new Uint8Array(0);

  /** Makes room for the nodes that the tree has now. */
  reserve(nodeCount: number): void {
    this.low = grown(this.low, nodeCount);
    this.#touched = grown(this.#touched, nodeCount);
    if (this.high) this.high = grown(this.high, nodeCount);
  }

  /** Adds `high · 2^52 + low`; room must have been made. */
  add(node: number, low: number, high: number): void {
    this.#touched[node] = 1;
    const sum = this.low[node]! + low;
    if (sum < WORD && high === 0) {
      this.low[node] = sum;
      return;
    }
    this.high ??= new Float64Array(this.low.length);
    this.low[node] = sum >= WORD ? sum - WORD : sum;
    this.high[node]! += high + (sum >= WORD ? 1 : 0);
  }

  /** The root, the touched nodes and all between them, ascending. Parents have smaller numbers than children. */
  usedNodes(parents: Uint32Array): Uint32Array {
    const touched = this.#touched;
    let count = 1;
    for (let node = touched.length - 1; node > 0; node--) {
      if (touched[node] === 0) continue;
      touched[parents[node]!] = 1;
      count++;
    }
    const used = new Uint32Array(count);
    for (let node = 1, at = 1; node < touched.length; node++) if (touched[node] === 1) used[at++] = node;
    return used;
  }
}

const WORD = 2 ** 52;

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
