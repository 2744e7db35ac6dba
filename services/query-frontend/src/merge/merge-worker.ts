import { DomainError } from "@hearth/errors";

import { type MergeTask, runMergeTask } from "./merge-task.ts";

/** What comes back from a worker thread: errors lose their class on the way, so expected ones travel as data. */
export type MergeOutcome =
  | { readonly type: "done"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "refused"; readonly code: DomainError["code"]; readonly message: string };

/** Entry of the worker threads. */
export function mergeInWorker(task: MergeTask): MergeOutcome {
  try {
    return { type: "done", bytes: runMergeTask(task) };
  } catch (error) {
    if (error instanceof DomainError) return { type: "refused", code: error.code, message: error.message };
    throw error;
  }
}
