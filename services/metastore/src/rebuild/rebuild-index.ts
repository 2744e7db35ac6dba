import type { ObjectStore } from "@hearth/object-store";
import type { Clock, Random } from "@hearth/runtime";
import { bufferAhead, mapAhead } from "./ahead.ts";
import { BlockRegistration, type BlockRegistrationDeps } from "./block-registration.ts";
import { BucketInventory, type InventoryEntry } from "./bucket-inventory.ts";
import type { Refusal } from "./judge-object.ts";
import { listBlockObjects } from "./list-blocks.ts";
import { NOTHING_YET, type RebuildCounts, type RebuildSummary } from "./progress.ts";
import { readBlock, type ReadBlock, type ReadOutcome } from "./read-block.ts";

export interface RebuildDeps {
  readonly objectStore: Pick<ObjectStore, "list" | "getRange">;
  /** Where blocks are registered. Rejects with a `DomainError` or the signal's reason. */
  readonly index: BlockRegistrationDeps["index"];
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: RebuildObserver;
}

export interface RebuildObserver {
  /** Told of every object that is not registered though it should be, as it is found. */
  onRefusal(refusal: Refusal): void;
  /** Told at the end of every object whose rows may be in the index more than once. */
  onDoubt(key: string): void;
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

/** Merged blocks that are listed before they are read; the listing goes on beside the reading. */
const LISTED_AHEAD = 100_000;

/**
 * Registers with a metastore the blocks of a bucket that belong into an index, by the metadata that each carries: all but
 * those that were compacted into others and those that never were registered ({@link planSupersession}). A block that is registered
 * already changes nothing, so it may be stopped, and run again, at any time. What is no whole block in its place is told to
 * the observer and left out.
 *
 * The whole bucket is listed, and the blocks above level 0 are read, before the first is registered.
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

/** What came of reading an object that has the key of a block. */
interface Reading {
  readonly entry: InventoryEntry;
  readonly outcome: ReadOutcome;
}

class Rebuild {
  readonly #deps: RebuildDeps;
  readonly #settings: RebuildSettings;
  readonly #registration: BlockRegistration;
  readonly #inventory = new BucketInventory();
  /** What is being registered, by key. */
  readonly #sent = new Map<string, InventoryEntry>();
  readonly #startMs: number;
  #counts = NOTHING_YET;

  constructor(deps: RebuildDeps, settings: RebuildSettings) {
    this.#deps = deps;
    this.#settings = settings;
    const limits = { maxCount: settings.maxBatchBlocks, maxBytes: settings.maxBatchBytes };
    const onAnswer = (block: ReadBlock, refusal: string | undefined): void => this.#settle(block, refusal);
    this.#registration = new BlockRegistration(limits, { ...deps, onAnswer });
    this.#startMs = deps.clock.monotonicMs();
  }

  async run(signal: AbortSignal): Promise<RebuildSummary> {
    let outcome: RebuildSummary["outcome"] = "complete";
    try {
      await this.#readMerged(signal);
      await this.#registerPlanned(signal);
    } catch (error) {
      await this.#registration.settle();
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

  /** Lists everything, and reads of each block above level 0 what it was made from. */
  async #readMerged(signal: AbortSignal): Promise<void> {
    const merged = bufferAhead(this.#listMerged(signal), LISTED_AHEAD);
    for await (const { entry, outcome } of this.#readAll(merged, signal)) {
      if (outcome.type !== "read") continue;
      this.#count({ read: this.#counts.read + 1 });
      this.#inventory.noteMerged(entry, outcome.meta);
    }
  }

  async *#listMerged(signal: AbortSignal): AsyncGenerator<InventoryEntry, void, undefined> {
    for await (const object of listBlockObjects(this.#deps, signal)) {
      this.#count({ listed: this.#counts.listed + 1 });
      const entry = this.#inventory.add(object);
      if (!entry) {
        this.#refuse({ key: object.key, kind: "foreign", reason: "the key is not that of a block" });
      } else if (!entry.isSegment) {
        yield entry;
      }
    }
    this.#count({ isListed: true });
  }

  /** An object that turns out to be none may have stood for others: then these are registered too. */
  async #registerPlanned(signal: AbortSignal): Promise<void> {
    for (;;) {
      const plan = await this.#inventory.plan(this.#deps.clock, signal);
      const { toRegister, superseded, orphaned, doubtful } = plan;
      this.#count({ superseded, orphaned, doubtful: doubtful.length });
      if (toRegister.length === 0) {
        for (const { key } of doubtful) this.#deps.observer.onDoubt(key);
        return;
      }
      for await (const { entry, outcome } of this.#readAll(toRegister, signal)) {
        if (outcome.type !== "read") continue;
        if (entry.isSegment) this.#count({ read: this.#counts.read + 1 });
        this.#sent.set(entry.key, entry);
        await this.#registration.add(outcome, signal);
      }
      await this.#registration.flush(signal);
    }
  }

  /** Counts what cannot be read, and leaves it out. */
  async *#readAll(
    entries: Iterable<InventoryEntry> | AsyncIterable<InventoryEntry>,
    signal: AbortSignal,
  ): AsyncGenerator<Reading, void, undefined> {
    const read = async (entry: InventoryEntry): Promise<Reading> => ({
      entry,
      outcome: await readBlock(this.#deps, entry, signal),
    });
    for await (const reading of mapAhead(entries, this.#settings.readConcurrency, read)) {
      const { entry, outcome } = reading;
      if (outcome.type === "gone") {
        entry.state = "gone";
        this.#count({ gone: this.#counts.gone + 1 });
      } else if (outcome.type === "refused") {
        entry.state = "left-out";
        this.#refuse(outcome.refusal);
      }
      yield reading;
    }
  }

  #settle({ key }: ReadBlock, refusal: string | undefined): void {
    const entry = this.#sent.get(key)!;
    this.#sent.delete(key);
    entry.state = refusal === undefined ? "registered" : "left-out";
    if (refusal === undefined) this.#count({ registered: this.#counts.registered + 1 });
    else this.#refuse({ key, kind: "refused", reason: refusal });
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
