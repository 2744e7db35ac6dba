/**
 * A log of commands that outlives crashes, and a state machine that follows it. This is all that the rest of the metastore
 * knows of replication: the log of a single node stands behind it as well as a Raft group can.
 */
export interface ReplicatedLog<Result> {
  /**
   * Writes a command, waits until it cannot be lost, applies it. Commands take effect in the order of the calls.
   *
   * @returns what applying it came to.
   * @throws {UnavailableError} when this node cannot take proposals, or when the outcome is unknown: the command may take
   * effect all the same, so ask again with the same request id.
   * @throws {ResourceExhaustedError} when too much is under way.
   * @throws the signal's reason; the outcome is unknown then too.
   */
  propose(command: Uint8Array, signal: AbortSignal): Promise<Result>;
  /**
   * Waits until the state machine holds everything that was acknowledged anywhere before the call, so that reading it in
   * the same turn is linearizable.
   *
   * @returns the index up to which it has applied.
   * @throws {UnavailableError} when this node cannot know.
   */
  readIndex(signal: AbortSignal): Promise<number>;
  status(): LogStatus;
  /** Writes a snapshot of the state now, and drops what the log need not keep. */
  takeSnapshot(signal: AbortSignal): Promise<void>;
}

export type LogRole =
  | "starting"
  | "follower"
  | "candidate"
  | "leader"
  /** The files are damaged, or the state is not that of the others: it neither reads nor writes, and waits for a human. */
  | "corrupt"
  /** A write failed, or an entry needs a newer version: it writes no more, and the process should end. */
  | "failed"
  | "stopped";

export interface LogStatus {
  readonly role: LogRole;
  /** Why it is `corrupt` or `failed`. */
  readonly problem: string | undefined;
  readonly term: number;
  /** Index of the first entry that the log still has. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** `appliedIndex <= commitIndex <= lastIndex`. */
  readonly commitIndex: number;
  readonly appliedIndex: number;
  /** Index of the last snapshot. */
  readonly snapshotIndex: number;
}

/** What follows the log. */
export interface StateMachine<Result> {
  /** Total and deterministic. */
  apply(command: Uint8Array): Outcome<Result>;
  /** Of the state as it is now: a function of the state alone, the same on every node. Cheap. */
  digest(): string;
  /** The state as it is now, as frames that may be asked for while it moves on. */
  capture(): Iterable<Uint8Array>;
  /** Takes the place of the whole state when all frames have been given. */
  restore(): StateRestore;
}

export interface StateRestore {
  /** @throws {DataLossError} */
  add(frame: Uint8Array): void;
  /** @throws {DataLossError} when frames are missing. */
  finish(): void;
}

export type Outcome<Result> =
  | { readonly type: "applied"; readonly result: Result }
  /** Only a newer version can apply it: this node must stop before it. */
  | { readonly type: "unsupported"; readonly reason: string };
