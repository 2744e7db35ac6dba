import { posix } from "node:path";

import type { Location, Profile } from "@hearth/proto/google/v1";

/** Calls in a profile as a graph: what a reader of one profile draws, as opposed to a tree of stacks. */
export interface CallGraph {
  readonly nodes: readonly CallNode[];
  /** Sum of all samples, also of those outside the graph. */
  readonly total: number;
}

/** A line of a function. */
export interface Frame {
  /** 0 where it is not known. */
  readonly address: bigint;
  readonly name: string;
  readonly file: string;
  readonly line: bigint;
  /** The binary; only where there is no name. */
  readonly binary: string;
}

export interface CallNode {
  readonly frame: Frame;
  /** Distinct for each node; also a readable name. */
  readonly key: string;
  /** Of samples that end here. */
  flat: number;
  /** Of samples that pass or end here, each counted once. */
  cumulative: number;
  readonly callers: Map<CallNode, CallEdge>;
  readonly callees: Map<CallNode, CallEdge>;
}

export interface CallEdge {
  readonly caller: CallNode;
  readonly callee: CallNode;
  weight: number;
  /** Goes over nodes that were left out. */
  isResidual: boolean;
  /** All of it was inlined. */
  isInlined: boolean;
}

/**
 * Builds the graph of the first sample type.
 *
 * @param kept - keys of the nodes to have; all when absent. Samples go over the others.
 */
export function buildCallGraph(profile: Profile, kept?: ReadonlySet<string>): CallGraph {
  const builder = new CallGraphBuilder(profile, kept);
  let total = 0;
  for (const { locationId, value } of profile.sample) {
    const weight = Number(value[0] ?? 0n);
    total += weight;
    if (weight !== 0) builder.add(locationId, weight);
  }
  return { nodes: builder.nodes(), total };
}

/** A frame of a stack: its node, if that is kept, and whether its caller inlined it. */
interface Step {
  readonly node: CallNode | undefined;
  readonly isInlined: boolean;
}

class CallGraphBuilder {
  readonly #strings: readonly string[];
  readonly #functions: ReadonlyMap<bigint, Profile["function"][number]>;
  readonly #mappings: ReadonlyMap<bigint, Profile["mapping"][number]>;
  readonly #kept: ReadonlySet<string> | undefined;
  readonly #nodes = new Map<string, CallNode>();
  /** Steps of each location, the outermost call first. */
  readonly #steps: ReadonlyMap<bigint, readonly Step[]>;

  constructor(profile: Profile, kept: ReadonlySet<string> | undefined) {
    this.#strings = profile.stringTable;
    this.#functions = new Map(profile.function.map((of) => [of.id, of]));
    this.#mappings = new Map(profile.mapping.map((mapping) => [mapping.id, mapping]));
    this.#kept = kept;
    this.#steps = new Map(profile.location.map((location) => [location.id, this.#stepsOf(location)]));
  }

  nodes(): CallNode[] {
    return [...this.#nodes.values()].filter(({ cumulative }) => cumulative !== 0);
  }

  /** @param locationIds - the leaf first. */
  add(locationIds: readonly bigint[], weight: number): void {
    const seen = new Set<CallNode | CallEdge>();
    let caller: CallNode | undefined;
    let isResidual = false;
    for (const { node, isInlined } of locationIds.toReversed().flatMap((id) => this.#steps.get(id) ?? [])) {
      if (!node) {
        isResidual = true;
        continue;
      }
      if (isNew(seen, node)) node.cumulative += weight;
      // Recursion is no edge, and an edge counts once for each sample.
      if (caller && caller !== node)
        addCall({ caller, callee: node }, { weight, isResidual, isInlined }, seen);
      caller = node;
      isResidual = false;
    }
    if (caller && !isResidual) caller.flat += weight;
  }

  #stepsOf({ line: lines, address, mappingId }: Location): Step[] {
    const binary = this.#text(this.#mappings.get(mappingId)?.filename);
    if (lines.length === 0) {
      return [{ node: this.#node({ address, name: "", file: "", line: 0n, binary }), isInlined: false }];
    }
    const innermostFirst = lines.map(({ functionId, line }, index): Step => {
      const of = this.#functions.get(functionId);
      const name = this.#text(of?.name);
      const file = this.#text(of?.filename);
      const frame = {
        address,
        name,
        file: file === "" ? "" : posix.normalize(file),
        line,
        binary: name === "" ? binary : "",
      };
      return { node: this.#node(frame), isInlined: index < lines.length - 1 };
    });
    return innermostFirst.reverse();
  }

  #text(index: bigint | undefined): string {
    return this.#strings[Number(index ?? 0n)] ?? "";
  }

  #node(frame: Frame): CallNode | undefined {
    const key = frameText(frame);
    if (this.#kept && !this.#kept.has(key)) return undefined;
    let node = this.#nodes.get(key);
    if (!node) {
      node = { frame, key, flat: 0, cumulative: 0, callers: new Map(), callees: new Map() };
      this.#nodes.set(key, node);
    }
    return node;
  }
}

/** Adds a call to its edge, unless this sample has been there already. */
function addCall(
  { caller, callee }: Pick<CallEdge, "caller" | "callee">,
  call: Pick<CallEdge, "weight" | "isResidual" | "isInlined">,
  seen: Set<CallNode | CallEdge>,
): void {
  const known = caller.callees.get(callee);
  if (!known) {
    const edge = { caller, callee, ...call };
    caller.callees.set(callee, edge);
    callee.callers.set(caller, edge);
    seen.add(edge);
    return;
  }
  if (!isNew(seen, known)) return;
  known.weight += call.weight;
  known.isResidual ||= call.isResidual;
  known.isInlined &&= call.isInlined;
}

function isNew<T>(seen: Set<T>, item: T): boolean {
  if (seen.has(item)) return false;
  seen.add(item);
  return true;
}

/** The parts of a frame's name: address, function, and where it is or, without any of these, its binary. */
export function frameParts(frame: Frame): string[] {
  const { address, name, file, line, binary } = frame;
  const parts = [address === 0n ? "" : address.toString(16).padStart(16, "0"), name].filter(Boolean);
  if (line !== 0n) return [...parts, `${file}:${line}`];
  if (file !== "") return [...parts, file];
  if (name !== "") return parts;
  return [...parts, binary === "" ? "<unknown>" : `[${posix.basename(binary)}]`];
}

/** A frame in one line. */
export function frameText(frame: Frame): string {
  return frameParts(frame).join(" ");
}
