/**
 * Names of unfinished writes: `{host}.{pid}.{random}`. A crash leaves them behind; the next start removes those whose
 * writer is gone. Removing one that is still being written is harmless: that put fails before it is acknowledged.
 */

/** What a process knows of itself and of others when it looks for leftovers. */
export interface StagingObserver {
  readonly host: string;
  readonly pid: number;
  /** Unix milliseconds. */
  readonly processStartMs: number;
  readonly nowMs: number;
  /** Whether a process of this host runs. */
  readonly isRunning: (pid: number) => boolean;
}

/** No put takes nearly as long. For files of other hosts, whose processes cannot be seen. */
const MAX_AGE_MS = 3_600_000;

/** @param random - tells writes of one process apart. */
export function stagedFileName(owner: { host: string; pid: number }, random: Uint8Array): string {
  return `${owner.host}.${owner.pid}.${Buffer.from(random).toString("hex")}`;
}

/** Whether nobody will finish the staged file `name`, last changed at `modifiedMs`. */
export function isAbandoned(name: string, modifiedMs: number, observer: StagingObserver): boolean {
  if (observer.nowMs - modifiedMs > MAX_AGE_MS) return true;
  const [, host, pidText] = /^(.*)\.([0-9]+)\.[0-9a-f]+$/.exec(name) ?? [];
  if (host !== observer.host || pidText === undefined) return false;
  const pid = Number(pidText);
  // In a container each life of a process has the same id.
  if (pid === observer.pid) return modifiedMs < observer.processStartMs;
  return !observer.isRunning(pid);
}
