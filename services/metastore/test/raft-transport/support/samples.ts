import { crc32 } from "node:zlib";
import {
  ENTRY_TYPES,
  type ChainFunction,
  type EntryType,
  type LogEntry,
  type LogPosition,
} from "@hearth/raft";
import type { AppendMessage, FrameMessage } from "../../../src/raft-transport/frame-message.ts";
import type { Identity } from "../../../src/replicated-log/identity.ts";

/** Any function over all parts of an entry is as good as another. */
export const chainOf: ChainFunction = (before, { index, term, type, payload }) =>
  crc32(payload, crc32(`${before} ${index} ${term} ${ENTRY_TYPES.indexOf(type)}`));

export const clusterId = "00112233445566778899aabbccddeeff";

export function identityOf(nodeId: string): Identity {
  return { clusterId, recoveryEpoch: 3, nodeId };
}

export const start: LogPosition = { index: 10, term: 2, chain: 0xdead_beef };

/** Entries that follow `before`. */
export function chained(
  before: LogPosition,
  contents: readonly { term?: number; type?: EntryType; payload: Uint8Array }[],
): LogEntry[] {
  const entries: LogEntry[] = [];
  for (const { term = before.term, type = "command", payload } of contents) {
    const last = entries.at(-1) ?? before;
    const entry = { index: last.index + 1, term, type, payload };
    entries.push({ ...entry, chain: chainOf(last.chain, entry) });
  }
  return entries;
}

/** Commands of `sizeBytes` each, told apart by their bytes. */
export function commands(count: number, sizeBytes: number): { payload: Uint8Array }[] {
  return Array.from({ length: count }, (_, at) => ({ payload: new Uint8Array(sizeBytes).fill(at) }));
}

export const from = "127.0.0.1:1/0";
export const to = "127.0.0.1:2/4";
const head = { from, to, term: 7 };

export function append(prev: LogPosition, entries: readonly LogEntry[], rangeEnd?: number): AppendMessage {
  return { type: "append", ...head, prev, commit: 9, entries, rangeEnd };
}

export function heartbeat(readId: number): FrameMessage {
  return { type: "heartbeat", ...head, commit: 12, readId };
}

/** One message of each type, and more of those that differ. Numbers are at the ends of their ranges. */
export const samples: readonly FrameMessage[] = [
  { type: "pre-vote", ...head, lastIndex: 1, lastTerm: 2 },
  { type: "pre-vote-response", ...head, isGranted: true },
  { type: "vote", ...head, lastIndex: Number.MAX_SAFE_INTEGER, lastTerm: 0, isTransfer: true },
  { type: "vote-response", ...head, isGranted: false },
  append(start, []),
  append(
    start,
    chained(start, [
      { type: "no-op", term: 3, payload: new Uint8Array(0) },
      { type: "command", term: 3, payload: Uint8Array.of(1, 2, 3) },
      { type: "membership", term: 7, payload: new Uint8Array(300).fill(9) },
    ]),
  ),
  {
    type: "append-response",
    ...head,
    rejection: undefined,
    matchIndex: 2 ** 33,
    lastIndex: 2 ** 40,
    bootId: 1,
  },
  {
    type: "append-response",
    ...head,
    rejection: { index: 8, hintIndex: 7, hintTerm: 6 },
    matchIndex: 0,
    lastIndex: 12,
    bootId: 2,
  },
  heartbeat(77),
  { type: "heartbeat-response", ...head, readId: 5, lastIndex: 4, bootId: 3 },
  { type: "stale-term", ...head, term: Number.MAX_SAFE_INTEGER },
  { type: "read-index", ...head, readId: 1, bootId: 2 },
  { type: "read-index-response", ...head, readId: 1, bootId: 2, index: 3 },
  { type: "timeout-now", ...head },
];
