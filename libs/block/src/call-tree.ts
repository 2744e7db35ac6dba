import { type Memory } from "@hearth/arena";
import { PairInterner, stringAt, type StringColumn, StringInterner, type Symbols } from "@hearth/symbols";

/**
 * The stack traces of a dataset by function names: what flame graphs are made of. Inlined calls are frames of their
 * own; stack traces that differ only in line or address share a node.
 */
export interface CallTree {
  /** Names of the nodes; name 0 is empty. */
  readonly names: StringColumn;
  /** Node 0 is the root, above all frames; `parent[i] < i`; siblings differ in name. */
  readonly parent: Uint32Array;
  /** For each node an index into `names`. */
  readonly name: Uint32Array;
  /** For each stack trace its node. */
  readonly nodeOf: Uint32Array;
}

/**
 * Finds the call tree of all stack traces.
 *
 * @param names - of the functions of `symbols`; names of frames without symbols are added to them.
 * @returns columns that are not copied: good until a name is added.
 */
export function buildCallTree(symbols: Symbols, names: FunctionNames, memory: Memory): CallTree {
  const framesOf = new FrameNames(symbols, names.interner, names.nameOf);
  const nodes = new PairInterner(symbols.stacktraces.parent.length, memory);
  nodes.intern(0, 0);
  const { parent, location } = symbols.stacktraces;
  const nodeOf = memory.uint32(parent.length);
  for (let i = 1; i < parent.length; i++)
    nodeOf[i] = framesOf.descend(nodes, nodeOf[parent[i]!]!, location[i]!);
  return {
    names: names.interner.view(),
    parent: nodes.first.subarray(0, nodes.count),
    name: nodes.second.subarray(0, nodes.count),
    nodeOf,
  };
}

/** The distinct names of functions, numbered. */
export interface FunctionNames {
  readonly interner: StringInterner;
  /** For each function the number of its name. */
  readonly nameOf: Uint32Array;
}

/** Numbers the names of functions, equal ones once. */
export function functionNames({ functions, strings }: Symbols, memory: Memory): FunctionNames {
  const interner = new StringInterner(memory);
  const nameOf = memory.uint32(functions.name.length);
  for (let i = 0; i < nameOf.length; i++) {
    const name = functions.name[i]!;
    nameOf[i] = interner.intern(strings.bytes, strings.offsets[name]!, strings.offsets[name + 1]!);
  }
  return { interner, nameOf };
}

/** Walks from a node over the frames of a location, outermost first. */
class FrameNames {
  readonly #symbols: Symbols;
  readonly #names: StringInterner;
  readonly #nameOf: Uint32Array;

  constructor(symbols: Symbols, names: StringInterner, nameOf: Uint32Array) {
    this.#symbols = symbols;
    this.#names = names;
    this.#nameOf = nameOf;
  }

  descend(nodes: PairInterner, from: number, location: number): number {
    const { locations, lines } = this.#symbols;
    const first = locations.firstLine[location]!;
    const end = locations.firstLine[location + 1]!;
    if (first === end) return location === 0 ? from : nodes.intern(from, this.#addressName(location));
    let node = from;
    for (let i = end - 1; i >= first; i--) node = nodes.intern(node, this.#nameOf[lines.functionIndex[i]!]!);
    return node;
  }

  /** A frame without symbols shows as `binary!0xaddress`, so that its cost does not vanish. */
  #addressName(location: number): number {
    const { locations, mappings, strings } = this.#symbols;
    const path = stringAt(strings, mappings.filename[locations.mapping[location]!]!);
    const binary = path.slice(path.lastIndexOf("/") + 1) || "unknown";
    const address =
      BigInt(locations.addressHigh[location]!) * 2n ** 32n + BigInt(locations.addressLow[location]!);
    return this.#names.internString(`${binary}!0x${address.toString(16)}`);
  }
}
