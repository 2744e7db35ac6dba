/** Runs in a worker thread. */
import { buildSegment, type SegmentInput } from "@hearth/block";
import { transferring, workerTask } from "@hearth/worker-pool";

export const build = workerTask((input: SegmentInput) => {
  const built = buildSegment(input);
  return transferring(built, [built.bytes.buffer]);
});
