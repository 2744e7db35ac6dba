/**
 * Temporary files of one process, in a folder that others may use too. What a crashed process has left behind is removed
 * by the next one that starts on the same machine.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

import type { Random } from "@hearth/runtime";

const PREFIX = "hearth-compaction";

/** See the top of this file. Closing it removes all files. */
export class TempFolder implements AsyncDisposable {
  readonly #parent: string;
  readonly #path: string;

  constructor(parent: string, deps: { readonly random: Random }) {
    const suffix = Buffer.alloc(8);
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not an array's fill
    deps.random.fill(suffix);
    this.#parent = parent;
    this.#path = join(parent, [PREFIX, hostname(), process.pid, suffix.toString("hex")].join("@"));
  }

  /** Path of a folder of this process, which is not made. */
  folder(name: string): string {
    return join(this.#path, name);
  }

  /** Removes what others have left behind. @returns how many folders; a parent that is not there has none. */
  async removeAbandoned(): Promise<number> {
    const names = await readdir(this.#parent).catch((): string[] => []);
    let count = 0;
    for (const name of names) {
      if (!(await isAbandoned(name, join(this.#parent, name)))) continue;
      await rm(join(this.#parent, name), { recursive: true, force: true });
      count++;
    }
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#path, { recursive: true, force: true });
  }
}

/** Whether the process that made it is gone; a process of this number may be this one, started anew in its container. */
async function isAbandoned(name: string, path: string): Promise<boolean> {
  const [prefix, host, pid] = name.split("@");
  if (prefix !== PREFIX || host !== hostname()) return false;
  if (Number(pid) !== process.pid) return !isRunning(Number(pid));
  const info = await stat(path).catch(() => undefined);
  return info !== undefined && info.mtimeMs < performance.timeOrigin;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
