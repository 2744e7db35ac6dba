import { transferring, workerTask } from "@hearth/worker-pool";

import { type MergeTask, runMergeTask } from "./merge-task.ts";

/** The task of the worker threads. */
export const merge = workerTask((task: MergeTask) => {
  const bytes = runMergeTask(task);
  return transferring(bytes, [bytes.buffer]);
});
