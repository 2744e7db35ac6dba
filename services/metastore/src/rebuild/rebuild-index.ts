import { create } from "@bufbuild/protobuf";
import type { ObjectStore } from "@hearth/object-store";
import {
  AddBlocksRequestSchema,
  type AddBlocksRequest,
  type AddBlocksResponse,
} from "@hearth/proto/hearth/metastore/v1";
import { retry, type Clock, type Random } from "@hearth/runtime";
import { REQUEST_ID_BYTES } from "../index-state/command-codec.ts";
import { bufferAhead, mapAhead } from "./ahead.ts";
import { Batcher } from "./batcher.ts";
import type { Refusal } from "./judge-object.ts";
import { listBlockObjects, type ListedObject } from "./list-blocks.ts";
import { PATIENCE } from "./patience.ts";
import { NOTHING_YET, type RebuildCounts, type RebuildSummary } from "./progress.ts";
import { readBlock, type ReadBlock } from "./read-block.ts";

export interface RebuildDeps {
  readonly objectStore: Pick<ObjectStore, "list" | "getRange">;
  /** Where blocks are registered. Rejects with a `DomainError` or the signal's reason. */
  readonly index: { addBlocks(request: AddBlocksRequest, signal: AbortSignal): Promise<AddBlocksResponse> };
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: RebuildObserver;
}

export interface RebuildObserver {
  /** Told of every object that is not registered, as it is found. */
  onRefusal(refusal: Refusal): void;
  /** Told from time to time. */
  onProgress(counts: RebuildCounts, elapsedMs: number): void;
}

export interface RebuildSettings {
  /** Objects whose metadata is read at the same time. */
  readonly readConcurrency: number;
  readonly maxBatchBlocks: number;
  /** Bytes of metadata that are registered at once. */
  readonly maxBatchBytes: number;
  readonly progressIntervalMs: number;
}

export const defaultRebuildSettings: RebuildSettings = {
  readConcurrency: 16,
  maxBatchBlocks: 512,
  // An entry of the replicated log.
  maxBatchBytes: 1 << 20,
  progressIntervalMs: 1_000,
};

/** Objects that are listed before they are read, so that it is known early how many there are. */
const LISTED_AHEAD = 100_000;

/**
 * Registers every block of the bucket with a metastore, by the metadata that each carries. A block that is registered
 * already changes nothing, so it may be stopped, and run again, at any time. What is no whole block in its place is told to
 * the observer and left out.
 *
 * @param signal - stops it; that is no error.
 * @throws {DomainError} when the bucket cannot be listed, or the metastore does not take blocks, for some minutes.
 */
export async function rebuildIndex(
  deps: RebuildDeps,
  settings: RebuildSettings,
  signal: AbortSignal,
): Promise<RebuildSummary> {
  const rebuild = new Rebuild(deps, settings);
  const stopTicking = new AbortController();
  const ticking = rebuild.tickUntil(stopTicking.signal);
  try {
    return await rebuild.run(signal);
  } finally {
    stopTicking.abort();
    await ticking;
  }
}

class Rebuild {
  readonly #deps: RebuildDeps;
  readonly #settings: RebuildSettings;
  readonly #batcher: Batcher<ReadBlock>;
  readonly #startMs: number;
  #counts = NOTHING_YET;
  /** The registration that is under way; reading goes on meanwhile. */
  #registering: Promise<void> = Promise.resolve();

  constructor(deps: RebuildDeps, settings: RebuildSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#batcher = new Batcher({ maxCount: settings.maxBatchBlocks, maxBytes: settings.maxBatchBytes });
    this.#startMs = deps.clock.monotonicMs();
  }

  async run(signal: AbortSignal): Promise<RebuildSummary> {
    let outcome: RebuildSummary["outcome"] = "complete";
    try {
      await this.#registerAll(signal);
    } catch (error) {
      await Promise.allSettled([this.#registering]);
      if (!signal.aborted) throw error;
      outcome = "stopped";
    }
    return { counts: this.#counts, elapsedMs: this.#elapsedMs, outcome };
  }

  async tickUntil(stop: AbortSignal): Promise<void> {
    const { clock, observer } = this.#deps;
    while (!stop.aborted) {
      try {
        await clock.sleep(this.#settings.progressIntervalMs, stop);
      } catch {
        return;
      }
      observer.onProgress(this.#counts, this.#elapsedMs);
    }
  }

  get #elapsedMs(): number {
    return this.#deps.clock.monotonicMs() - this.#startMs;
  }

  async #registerAll(signal: AbortSignal): Promise<void> {
    const objects = bufferAhead(this.#listed(signal), LISTED_AHEAD);
    const read = (object: ListedObject) => readBlock(this.#deps, object, signal);
    for await (const outcome of mapAhead(objects, this.#settings.readConcurrency, read)) {
      if (outcome.type === "read") {
        this.#count({ read: this.#counts.read + 1 });
        await this.#registerBehind(this.#batcher.add(outcome, outcome.metaSizeBytes), signal);
      } else if (outcome.type === "gone") {
        this.#count({ gone: this.#counts.gone + 1 });
      } else {
        this.#refuse(outcome.refusal);
      }
    }
    await this.#registerBehind(this.#batcher.take(), signal);
    await this.#registering;
  }

  async *#listed(signal: AbortSignal): AsyncGenerator<ListedObject, void, undefined> {
    for await (const object of listBlockObjects(this.#deps, signal)) {
      this.#count({ listed: this.#counts.listed + 1 });
      yield object;
    }
    this.#count({ isListed: true });
  }

  /** Waits for the batch before, if there is a next one. */
  async #registerBehind(batch: readonly ReadBlock[] | undefined, signal: AbortSignal): Promise<void> {
    if (!batch) return;
    await this.#registering;
    this.#registering = this.#register(batch, signal);
    // It is waited for later; until then its failure is not unhandled.
    this.#registering.catch(() => {});
  }

  async #register(batch: readonly ReadBlock[], signal: AbortSignal): Promise<void> {
    const requestId = new Uint8Array(REQUEST_ID_BYTES);
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not an array's fill
    this.#deps.random.fill(requestId);
    const blocks = batch.map(({ block }) => block);
    const request = create(AddBlocksRequestSchema, { blocks, requestId });
    const add = () => this.#deps.index.addBlocks(request, signal);
    const { refusals } = await retry(add, PATIENCE, this.#deps, signal);
    const reasons = new Map(refusals.map(({ block, reason }) => [block, reason]));
    for (const { key, block } of batch) {
      const reason = reasons.get(block.id);
      if (reason !== undefined) this.#refuse({ key, kind: "refused", reason });
    }
    this.#count({ registered: this.#counts.registered + batch.length - reasons.size });
  }

  #refuse(refusal: Refusal): void {
    const refused = new Map(this.#counts.refused);
    refused.set(refusal.kind, (refused.get(refusal.kind) ?? 0) + 1);
    this.#count({ refused });
    this.#deps.observer.onRefusal(refusal);
  }

  #count(change: Partial<RebuildCounts>): void {
    this.#counts = { ...this.#counts, ...change };
  }
}
