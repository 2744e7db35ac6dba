import type { PartSink } from "../part-sink.ts";
import { BlockMerge, type MergeInput, type MergeResult } from "./block-merge.ts";
import { planMerge } from "./plan-merge.ts";

/**
 * Merges blocks of one level into one block of the next for each tenant, without rows that were deleted on request; or writes
 * one block anew without them; or merges blocks of one tenant into one of a tier, of each dataset first what is left of its rows
 * and then their sums. Datasets go one by one: decoded from each source,
 * merged, repeats dropped, written, freed; so memory is that of the largest dataset, about three times its size. The
 * same sources give the same ids and bytes, wherever and in whatever order.
 *
 * @returns outputs of which it was checked that they hold, for each series, all rows, samples and sums of the sources, but for
 * what is deleted; of a tier, all sums.
 * @throws {FaultySourcesError} naming all sources that are missing or damaged.
 * @throws {InvalidArgumentError} when the sources are not of one shard and level, or cannot be merged into the level that is asked for.
 * @throws {InvariantError} when an output would not hold what the sources do.
 * @throws whatever else `reader` and `sink` throw, as it is; and the reason of `signal`.
 * @remarks CPU-bound: call it in a worker.
 */
export async function mergeBlocks<Sink extends PartSink>(
  input: MergeInput<Sink>,
  signal: AbortSignal,
): Promise<MergeResult<Sink>> {
  const plan = planMerge(
    input.sources.map(({ meta }) => meta),
    input.deletions?.isRewrite,
    input.outputLevel,
  );
  const stop = new AbortController();
  try {
    return await new BlockMerge(plan, input, AbortSignal.any([signal, stop.signal])).run();
  } finally {
    stop.abort(); // reads that were started ahead
  }
}
