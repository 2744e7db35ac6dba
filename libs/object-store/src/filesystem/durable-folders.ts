import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

import { errnoOf } from "./file-errors.ts";

/** Folders known to be durable that are remembered; one more drops the oldest, which costs a repeated fsync. */
const MAX_KNOWN = 4096;

/**
 * Folders that outlive a crash. A new name in a folder is durable only once that folder is synced, so a new folder needs
 * a sync of its parent, up to the root. Callers that need a sync of one folder at the same time share it.
 */
export class DurableFolders {
  readonly #root: string;
  /** Folders whose own entry is durable, or is being made so. */
  readonly #known = new Map<string, Promise<void>>();
  readonly #running = new Map<string, Promise<void>>();
  /** Syncs that begin when the running one of the folder has ended: names made meanwhile may have missed that one. */
  readonly #waiting = new Map<string, Promise<void>>();

  /** @param root - absolute path of a folder that exists and is durable. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Makes the folder and those above it, durably; `folder` lies under the root. */
  ensure(folder: string): Promise<void> {
    if (folder === this.#root) return Promise.resolve();
    const known = this.#known.get(folder);
    if (known) return known;
    const made = this.#make(folder);
    this.#known.set(folder, made);
    if (this.#known.size > MAX_KNOWN) this.#forgetOldest();
    made.catch(() => this.#known.delete(folder));
    return made;
  }

  /** Somebody may have removed the folder or one above it: the next `ensure` looks again. */
  forget(folder: string): void {
    for (let path = folder; path !== this.#root; path = dirname(path)) this.#known.delete(path);
  }

  /** Makes every name that is in the folder now durable. */
  sync(folder: string): Promise<void> {
    const waiting = this.#waiting.get(folder);
    if (waiting) return waiting;
    const running = this.#running.get(folder);
    if (!running) return this.#startSync(folder);
    const startNext = (): Promise<void> => {
      this.#waiting.delete(folder);
      return this.#startSync(folder);
    };
    const next = running.then(startNext, startNext);
    this.#waiting.set(folder, next);
    return next;
  }

  async #make(folder: string): Promise<void> {
    const parent = dirname(folder);
    await this.ensure(parent);
    // A folder that is there already may have been made by another process that has not synced it yet.
    await makeFolder(folder);
    await this.sync(parent);
  }

  #startSync(folder: string): Promise<void> {
    const running = syncFolder(folder).finally(() => this.#running.delete(folder));
    this.#running.set(folder, running);
    return running;
  }

  #forgetOldest(): void {
    for (const folder of this.#known.keys()) {
      this.#known.delete(folder);
      return;
    }
  }
}

/** fsync of a folder: the names in it survive a crash. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o750 });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}
