import { getPriority } from "node:os";

import { workerTask } from "@hearth/worker-pool";

import { standBack } from "../../src/merge/low-priority.ts";

/** @returns the niceness of this thread after it stood back by the first number, then by the second. */
export const niceness = workerTask(([first, second]: readonly [number, number]) => {
  standBack(first);
  const before = getPriority();
  standBack(second);
  return [before, getPriority()] as const;
});
