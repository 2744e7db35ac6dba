/** Kept in files: only ever appended to. */
export const ENTRY_TYPES = ["no-op", "command", "membership"] as const;
export type EntryType = (typeof ENTRY_TYPES)[number];

/** `name/incarnation`. A node whose disk was wiped comes back under a new incarnation, so that an old vote never counts twice. */
export type NodeId = string;

/** The part of a node id before its incarnation. */
export function nameOf(node: NodeId): string {
  const slash = node.lastIndexOf("/");
  return slash < 0 ? node : node.slice(0, slash);
}

/** A place in the log: after entry `index`. */
export interface LogPosition {
  readonly index: number;
  readonly term: number;
  /** CRC-32 over the whole log up to here: equal chains, equal logs. */
  readonly chain: number;
}

export interface LogEntry {
  /** From 1. */
  readonly index: number;
  readonly term: number;
  readonly type: EntryType;
  readonly payload: Uint8Array;
  readonly chain: number;
}

/** What an entry is before it has its chain value. */
export type UnchainedEntry = Omit<LogEntry, "chain">;

/** The chain value of `entry` when the log before it has `chainBefore`. Pure. */
export type ChainFunction = (chainBefore: number, entry: UnchainedEntry) => number;

/** What an entry takes of limits in bytes. */
export function entrySizeBytes(entry: LogEntry): number {
  return entry.payload.length + 32;
}
