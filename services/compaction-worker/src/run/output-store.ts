import { readFile } from "node:fs/promises";

import { blockObjectKey, type ObjectStore } from "@hearth/object-store";
import { retry, Semaphore, type Clock, type Random } from "@hearth/runtime";

import type { Content, MergedOutput } from "../merge/merger.ts";
import type { RateLimit } from "../rate-limit.ts";
import { STORAGE_RETRIES } from "../storage-retry.ts";

export interface OutputStoreDeps {
  readonly objectStore: ObjectStore;
  readonly writeLimit: RateLimit;
  readonly clock: Clock;
  readonly random: Random;
}

/** Outputs in memory at once on their way out of files, over all jobs. */
const MAX_CONCURRENT_PUTS = 4;

/** Stores the outputs of compactions. */
export class OutputStore {
  readonly #deps: OutputStoreDeps;
  readonly #puts = new Semaphore(MAX_CONCURRENT_PUTS);

  constructor(deps: OutputStoreDeps) {
    this.#deps = deps;
  }

  /**
   * Stores all, or fails. What is stored of a failed job stays: its name is made from its content, so the object may be
   * in use already, from another run of the job.
   *
   * @throws what the bucket throws, after retries, or the signal's reason.
   */
  async store(outputs: readonly MergedOutput[], signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const puts = outputs.map((output) => this.#puts.run(() => this.#put(output, either), either));
    try {
      await Promise.all(puts);
    } catch (error) {
      stop.abort(error);
      await Promise.allSettled(puts);
      throw error;
    }
  }

  async #put({ meta, content }: MergedOutput, signal: AbortSignal): Promise<void> {
    const { clock, objectStore, random, writeLimit } = this.#deps;
    const key = blockObjectKey(meta);
    const bytes = await bytesOf(content, signal);
    await writeLimit.take(bytes.length, signal);
    await retry(() => objectStore.put(key, bytes, {}, signal), STORAGE_RETRIES, { clock, random }, signal);
  }
}

async function bytesOf(content: Content, signal: AbortSignal): Promise<Uint8Array> {
  return content.type === "memory" ? content.bytes : readFile(content.path, { signal });
}
