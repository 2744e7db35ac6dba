import { getPriority, platform, setPriority } from "node:os";
import { isMainThread } from "node:worker_threads";

/**
 * Lets this worker thread stand back for everything else on the machine. Linux keeps a priority for each thread, and takes
 * process 0 for the thread that asks; elsewhere it would be that of the process, and nothing is done.
 *
 * @param niceness - 0 to 19; a thread that is nicer already stays so.
 */
export function standBack(niceness: number): void {
  if (isMainThread || platform() !== "linux" || getPriority() >= niceness) return;
  setPriority(niceness);
}
