import type { CallTree } from "@hearth/block";
import type { SampleColumns } from "@hearth/profile";
import { sameBytes } from "./select-rows.ts";

/** Which samples of a dataset count; `undefined` where all do. */
export type SamplePredicate = ((sample: number) => boolean) | undefined;

/**
 * Samples of the given spans and traces. A sample must be of one of the spans, where spans are given, and of one of the
 * traces, where traces are. A dataset without the column has no such sample.
 */
export function spanPredicate(
  samples: SampleColumns,
  selector: { spanIds: readonly Uint8Array[]; traceIds: readonly Uint8Array[] },
): SamplePredicate {
  const bySpan = idPredicate(samples.spanId, selector.spanIds, 8);
  const byTrace = idPredicate(samples.traceId, selector.traceIds, 16);
  if (!bySpan || !byTrace) return bySpan ?? byTrace;
  return (sample) => bySpan(sample) && byTrace(sample);
}

function idPredicate(
  column: Uint8Array | undefined,
  ids: readonly Uint8Array[],
  size: number,
): SamplePredicate {
  if (ids.length === 0) return undefined;
  // Zero is how a sample without an id is stored: asking for it finds nothing.
  const wanted = ids.filter((id) => id.some((byte) => byte !== 0));
  if (!column) return () => false;
  return (sample) => wanted.some((id) => sameBytes(id, 0, column, sample * size, size));
}

/**
 * Marks the nodes whose path from the root begins with the names of `callSite`, the last of these nodes included.
 *
 * @returns 1 for each such node; `undefined` when there is no call site to look for.
 */
export function nodesBelowCallSite(tree: CallTree, callSite: readonly string[]): Uint8Array | undefined {
  if (callSite.length === 0) return undefined;
  const wanted = callSite.map((name) => new TextEncoder().encode(name));
  const { parent, name, names } = tree;
  /** How many names of the call site a node's path has matched; -1 when it has left the call site. */
  const matched = new Int32Array(parent.length);
  const below = new Uint8Array(parent.length);
  for (let node = 1; node < parent.length; node++) {
    const above = matched[parent[node]!]!;
    if (above === wanted.length || above < 0) {
      matched[node] = above;
    } else {
      const start = names.offsets[name[node]!]!;
      const length = names.offsets[name[node]! + 1]! - start;
      const target = wanted[above]!;
      matched[node] =
        target.length === length && sameBytes(names.bytes, start, target, 0, length) ? above + 1 : -1;
    }
    below[node] = matched[node] === wanted.length ? 1 : 0;
  }
  return below;
}

/**
 * Marks the stack traces of {@link nodesBelowCallSite}.
 *
 * @param tree - may be absent when there is no call site to look for.
 */
export function stacktracesBelowCallSite(
  tree: CallTree | undefined,
  callSite: readonly string[],
): Uint8Array | undefined {
  if (!tree) return undefined;
  const below = nodesBelowCallSite(tree, callSite);
  return below && Uint8Array.from(tree.nodeOf, (node) => below[node]!);
}
