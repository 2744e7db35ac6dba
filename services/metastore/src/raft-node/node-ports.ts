import type { LogEntry, LogPosition, Membership, Message, NodeId } from "@hearth/raft";

import type { HardState } from "../replicated-log/hard-state.ts";
import type { LogChange } from "../replicated-log/log-store.ts";

/**
 * What a node does to the world. Every call returns at once; `done` comes later, never from within the call. So the same node
 * runs on real disks, where promises stand behind this, and in a simulation without any.
 */
export type Done = (error?: unknown) => void;

export interface NodeDisk {
  /** One atomic change of the log, on disk when `done` comes. Calls take effect in their order. */
  writeLog(change: LogChange, done: Done): void;
  /** What the node must not forget; on disk when `done` comes. One call at a time. */
  writeHardState(state: HardFacts, done: Done): void;
  /** Lets the log begin after `start`. */
  compactLog(start: LogPosition, done: Done): void;
  /** Entries `[from, to)`, or, of large ones, a first part of them; undefined when one is not there and whole. */
  loadEntries(from: number, to: number, done: (entries: readonly LogEntry[] | undefined) => void): void;
  /** Writes the state as it is now, as a snapshot that was read back and checked when `done` comes. */
  writeSnapshot(snapshot: SnapshotFacts, done: Done): void;
  /** Puts the state of the snapshot at `index`, which is on disk and was checked, in the place of the state machine's. */
  restoreSnapshot(index: number, done: Done): void;
}

/** Term, vote and witness; see `HardState`, which has the identity of the files besides. */
export type HardFacts = Omit<HardState, "identity">;

export interface SnapshotFacts {
  /** The state is that after this entry. */
  readonly position: LogPosition;
  readonly membership: Membership;
}

export interface NodeNetwork {
  /** Sends it or drops it. */
  send(message: Message): void;
  /** Sends the newest snapshot. `done` tells up to which index the peer has it now; undefined when it does not. */
  sendSnapshot(to: NodeId, term: number, done: (index: number | undefined) => void): void;
}
