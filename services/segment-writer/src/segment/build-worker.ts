/** Runs in a worker thread. */
import { Arena } from "@hearth/arena";
import { buildSegment, type SegmentInput } from "@hearth/block";
import { transferring, workerTask } from "@hearth/worker-pool";

const arena = new Arena();

/** Builds a segment; the memory of the batches came with it. */
export const build = workerTask((input: SegmentInput) => {
  const built = buildSegment(input, arena);
  return transferring(built, [built.bytes.buffer]);
});
