import { scheduler } from "node:timers/promises";
import { ResourceExhaustedError, UnavailableError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import type { HardState } from "./hard-state.ts";
import { entryAfter, follows, type EntryType, type LogEntry, type LogPosition } from "./log-entry.ts";
import type { LogStore } from "./log-store.ts";
import { openStorage, type ClusterSettings, type OpenStorage, type StorageDeps } from "./open-storage.ts";
import type { LogRole, LogStatus, ReplicatedLog, StateMachine } from "./replicated-log.ts";
import type { SnapshotCompression } from "./snapshot-file.ts";

export interface SingleNodeLogSettings extends ClusterSettings {
  /** Entries that a snapshot leaves in the log. */
  readonly trailingEntries: number;
  /** Snapshots that are kept. */
  readonly retainedSnapshots: number;
  readonly snapshotCompression: SnapshotCompression;
  readonly snapshotBytesPerSecond: number;
}

export interface SingleNodeLogDeps<Result> extends StorageDeps {
  readonly stateMachine: StateMachine<Result>;
  readonly clock: Clock;
  readonly observer: LogObserver;
}

/** Is told what happens; decides what of it is counted, logged or ends the process. */
export interface LogObserver {
  /** The log takes no more: a write failed, or the files are damaged. Called once. */
  onProblem(role: "corrupt" | "failed", problem: string, cause: unknown): void;
  onWrite(batch: { entryCount: number; sizeBytes: number; elapsedMs: number }): void;
  onApply(command: { elapsedMs: number; sizeBytes: number }): void;
  onSnapshot(snapshot: { sizeBytes: number; elapsedMs: number }): void;
}

/** One batch is at most this. */
const BATCH_ENTRIES = 1_024;
const BATCH_BYTES = 8 * 1024 * 1024;
/** Proposals that are not yet durable. */
const MAX_UNCOMMITTED_BYTES = 64 * 1024 * 1024;
/** Applying gives way to other work after this long. */
const APPLY_SLICE_MS = 10;

interface Proposal<Result> {
  readonly entry: LogEntry;
  readonly resolve: (result: Result | undefined) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The replicated log of a cluster of one: elected at once, no network; otherwise what a Raft node does. An entry is
 * acknowledged after the log and the witness are on disk, in this order. While one batch is being synced, proposals gather
 * for the next; the witness of a batch is written while the next batch goes to the log.
 */
export class SingleNodeLog<Result> implements ReplicatedLog<Result>, AsyncDisposable {
  readonly #deps: SingleNodeLogDeps<Result>;
  readonly #settings: SingleNodeLogSettings;
  #storage: OpenStorage | undefined;
  #role: LogRole = "starting";
  #problem: string | undefined;
  #term = 0;
  /** Of the last entry that was proposed. */
  #last: LogPosition = { index: 0, term: 0, chain: 0 };
  /** Everything up to here is durable, witness included. */
  #committed = 0;
  #applied: LogPosition = { index: 0, term: 0, chain: 0 };
  #start: LogPosition = { index: 0, term: 0, chain: 0 };
  #snapshotIndex = 0;
  #bytesSinceSnapshot = 0;
  /** Why proposals are refused for a while. */
  #hold: string | undefined;
  /** When the write that is under way began; undefined when none is. */
  #writeStartMs: number | undefined;
  #isSnapshotting = false;

  /** Not yet handed to the disk. */
  #queue: Proposal<Result>[] = [];
  /** Handed to the disk, not yet applied. */
  #inFlight: Proposal<Result>[] = [];
  #uncommittedBytes = 0;
  #writing: Promise<void> | undefined;
  #witnessed: Promise<void> = Promise.resolve();

  constructor(deps: SingleNodeLogDeps<Result>, settings: SingleNodeLogSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /**
   * Reads the files, rebuilds the state and takes the lead. Damaged files do not make it fail: the role is `corrupt` then.
   *
   * @throws {KvLockedError} when another process uses the files, and errors of the disk.
   */
  async start(): Promise<void> {
    const storage = await openStorage(this.#deps, this.#settings, this.#deps.stateMachine);
    if (storage.type === "refused") {
      this.#stopFor("corrupt", `the metastore's files are damaged: reason=${storage.reason}`, storage.cause);
      return;
    }
    this.#storage = storage;
    this.#start = storage.start;
    this.#snapshotIndex = storage.snapshot.index;
    this.#applied = storage.snapshot;
    if (!(await this.#replay(storage))) return;
    await this.#lead(storage);
  }

  async propose(command: Uint8Array, signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    this.#checkLeads();
    if (this.#hold !== undefined) throw new ResourceExhaustedError(this.#hold, { retryAfterMs: 10_000 });
    if (this.#uncommittedBytes + command.length > MAX_UNCOMMITTED_BYTES) {
      throw new ResourceExhaustedError(
        `too many proposals are under way: limit_bytes=${MAX_UNCOMMITTED_BYTES}`,
        { retryAfterMs: 1_000 },
      );
    }
    return untilAborted(this.#enqueue("command", command), signal) as Promise<Result>;
  }

  async readIndex(): Promise<number> {
    this.#checkLeads();
    // Acknowledged means applied: nothing was acknowledged that is not in the state now.
    return this.#applied.index;
  }

  status(): LogStatus {
    return {
      role: this.#role,
      problem: this.#problem,
      term: this.#term,
      firstIndex: this.#start.index + 1,
      lastIndex: this.#last.index,
      commitIndex: this.#committed,
      appliedIndex: this.#applied.index,
      snapshotIndex: this.#snapshotIndex,
    };
  }

  /** Refuses proposals for the given reason, until called without one. Reads and snapshots go on. */
  hold(reason: string | undefined): void {
    this.#hold = reason;
  }

  /** How long the write that is under way takes already; 0 when there is none. */
  get writeElapsedMs(): number {
    return this.#writeStartMs === undefined ? 0 : this.#deps.clock.monotonicMs() - this.#writeStartMs;
  }

  /** How much was applied since the last snapshot. */
  get sinceSnapshot(): { entryCount: number; sizeBytes: number } {
    return { entryCount: this.#applied.index - this.#snapshotIndex, sizeBytes: this.#bytesSinceSnapshot };
  }

  async takeSnapshot(signal: AbortSignal): Promise<void> {
    const storage = this.#storage;
    if (!storage || this.#role !== "leader" || this.#isSnapshotting) return;
    if (this.#applied.index === this.#snapshotIndex) return;
    this.#isSnapshotting = true;
    try {
      await this.#writeSnapshot(storage, signal);
    } finally {
      this.#isSnapshotting = false;
    }
  }

  /** Finishes what is under way and closes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#role === "leader") this.#role = "stopped";
    await this.#writing;
    await this.#witnessed;
    const storage = this.#storage;
    this.#storage = undefined;
    await storage?.hardStateFile[Symbol.asyncDispose]();
    await storage?.log[Symbol.asyncDispose]();
  }

  /** Applies what the log has after the snapshot. @returns false when it cannot. */
  async #replay(storage: OpenStorage): Promise<boolean> {
    let sliceStartMs = this.#deps.clock.monotonicMs();
    for await (const { entry } of storage.log.entries(storage.snapshot.index + 1)) {
      if (!entry || !follows(entry, this.#applied)) {
        this.#stopFor(
          "corrupt",
          `the log changed while it was read: index=${this.#applied.index + 1}`,
          undefined,
        );
        return false;
      }
      if (this.#apply(entry).type === "stopped") return false;
      sliceStartMs = await this.#giveWay(sliceStartMs);
    }
    return true;
  }

  /** A new term, a vote for itself, and an entry of that term: what an election is in a cluster of one. */
  async #lead(storage: OpenStorage): Promise<void> {
    this.#last = this.#applied;
    this.#committed = this.#applied.index;
    this.#term = Math.max(storage.hardState.term, this.#last.term) + 1;
    await storage.hardStateFile.write(this.#hardState(storage, this.#last));
    await this.#enqueue("no-op", new Uint8Array());
    if (this.#role === "starting") this.#role = "leader";
  }

  #enqueue(type: EntryType, payload: Uint8Array): Promise<Result | undefined> {
    const entry = entryAfter(this.#last, { term: this.#term, type, payload });
    this.#last = { index: entry.index, term: entry.term, chain: entry.chain };
    this.#uncommittedBytes += payload.length;
    const outcome = new Promise<Result | undefined>((resolve, reject) => {
      this.#queue.push({ entry, resolve, reject });
    });
    this.#writing ??= this.#writeQueue();
    return outcome;
  }

  async #writeQueue(): Promise<void> {
    try {
      // Calls of this turn gather first.
      await Promise.resolve();
      for (;;) {
        const storage = this.#storage;
        const batch = this.#takeBatch();
        if (!storage || batch.length === 0) break;
        await this.#writeBatch(storage, batch);
      }
    } catch (error) {
      this.#stopFor("failed", "writing the log failed", error);
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeBatch(storage: OpenStorage, batch: readonly Proposal<Result>[]): Promise<void> {
    const startMs = this.#deps.clock.monotonicMs();
    this.#writeStartMs ??= startMs;
    await storage.log.append(batch.map(({ entry }) => entry));
    await this.#witnessed;
    if (this.#role === "failed") return;
    this.#witnessed = this.#witness(storage, batch, startMs).catch((error: unknown) =>
      this.#stopFor("failed", "writing the hard state failed", error),
    );
  }

  async #witness(storage: OpenStorage, batch: readonly Proposal<Result>[], startMs: number): Promise<void> {
    const last = batch.at(-1)?.entry;
    if (!last) return;
    await storage.hardStateFile.write(this.#hardState(storage, last));
    this.#committed = last.index;
    // A batch that follows may be under way to the log; it waits for this one, so its time begins here.
    this.#writeStartMs = this.#writing ? this.#deps.clock.monotonicMs() : undefined;
    const sizeBytes = batch.reduce((sum, { entry }) => sum + entry.payload.length, 0);
    this.#uncommittedBytes -= sizeBytes;
    const elapsedMs = this.#deps.clock.monotonicMs() - startMs;
    this.#deps.observer.onWrite({ entryCount: batch.length, sizeBytes, elapsedMs });
    await this.#applyBatch(batch);
  }

  async #applyBatch(batch: readonly Proposal<Result>[]): Promise<void> {
    let sliceStartMs = this.#deps.clock.monotonicMs();
    for (const proposal of batch) {
      const outcome = this.#apply(proposal.entry);
      if (outcome.type === "stopped") return;
      this.#inFlight.shift();
      proposal.resolve(outcome.result);
      sliceStartMs = await this.#giveWay(sliceStartMs);
    }
  }

  #apply(entry: LogEntry): { type: "applied"; result: Result | undefined } | { type: "stopped" } {
    let result: Result | undefined;
    if (entry.type === "command") {
      const startMs = this.#deps.clock.monotonicMs();
      const outcome = this.#deps.stateMachine.apply(entry.payload);
      if (outcome.type === "unsupported") {
        this.#stopFor("failed", outcome.reason, undefined);
        return { type: "stopped" };
      }
      const elapsedMs = this.#deps.clock.monotonicMs() - startMs;
      this.#deps.observer.onApply({ elapsedMs, sizeBytes: entry.payload.length });
      result = outcome.result;
    }
    this.#applied = { index: entry.index, term: entry.term, chain: entry.chain };
    this.#bytesSinceSnapshot += entry.payload.length;
    return { type: "applied", result };
  }

  #takeBatch(): Proposal<Result>[] {
    let count = 0;
    for (let sizeBytes = 0; count < this.#queue.length && count < BATCH_ENTRIES; count++) {
      sizeBytes += this.#queue[count]?.entry.payload.length ?? 0;
      if (count > 0 && sizeBytes > BATCH_BYTES) break;
    }
    const batch = this.#queue.splice(0, count);
    this.#inFlight.push(...batch);
    return batch;
  }

  async #writeSnapshot(storage: OpenStorage, signal: AbortSignal): Promise<void> {
    const startMs = this.#deps.clock.monotonicMs();
    const position = this.#applied;
    const bytesBefore = this.#bytesSinceSnapshot;
    const frames = this.#deps.stateMachine.capture();
    const { identity } = storage.hardState;
    const header = {
      identity,
      position,
      voters: [identity.nodeId],
      compression: this.#settings.snapshotCompression,
    };
    const { snapshots } = this.#deps;
    const sizeBytes = await snapshots.write(header, frames, this.#settings.snapshotBytesPerSecond, signal);
    this.#snapshotIndex = position.index;
    this.#bytesSinceSnapshot -= bytesBefore;
    const elapsedMs = this.#deps.clock.monotonicMs() - startMs;
    this.#deps.observer.onSnapshot({ sizeBytes, elapsedMs });
    await this.#compact(storage.log, position.index - this.#settings.trailingEntries);
    await snapshots.prune(this.#settings.retainedSnapshots);
  }

  /** Drops entries up to `index`, which a verified snapshot covers. */
  async #compact(log: LogStore, index: number): Promise<void> {
    if (index <= this.#start.index) return;
    const entry = await log.entry(index);
    // Damage in what is being dropped is harmless, but its position cannot be known: keep it until the next time.
    if (!entry) return;
    this.#start = { index: entry.index, term: entry.term, chain: entry.chain };
    try {
      await log.compactTo(this.#start);
    } catch (error) {
      this.#stopFor("failed", "compacting the log failed", error);
    }
  }

  #hardState(storage: OpenStorage, witness: LogPosition): HardState {
    const { identity } = storage.hardState;
    return { identity, term: this.#term, vote: identity.nodeId, witness };
  }

  async #giveWay(sliceStartMs: number): Promise<number> {
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - sliceStartMs < APPLY_SLICE_MS) return sliceStartMs;
    await scheduler.yield();
    return this.#deps.clock.monotonicMs();
  }

  #checkLeads(): void {
    if (this.#role === "leader") return;
    throw new UnavailableError(this.#problem ?? `the metastore is not ready: role=${this.#role}`);
  }

  /** For good: nothing that is not known to be on disk is acknowledged after this. */
  #stopFor(role: "corrupt" | "failed", problem: string, cause: unknown): void {
    if (this.#problem !== undefined) return;
    this.#role = role;
    this.#problem = problem;
    const error = new UnavailableError(`the outcome is unknown: ${problem}`, { cause });
    for (const proposal of [...this.#inFlight.splice(0), ...this.#queue.splice(0)]) proposal.reject(error);
    this.#deps.observer.onProblem(role, problem, cause);
  }
}

/** What `outcome` comes to, or the signal's reason when that aborts first. */
async function untilAborted<T>(outcome: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([outcome, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
