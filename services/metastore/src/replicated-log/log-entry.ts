import { crc32 } from "node:zlib";
import {
  ENTRY_TYPES,
  type EntryType,
  type LogEntry,
  type LogPosition,
  type UnchainedEntry,
} from "@hearth/raft";

/**
 * Entries of the log. Each carries a chain value, the CRC-32 over its content and the chain value of the entry before: it
 * stands for the whole log up to there, so damage, gaps and foreign entries show.
 */

const VERSION = 1;
/** Version, type, term, index, chain. */
const HEAD_BYTES = 1 + 1 + 8 + 8 + 4;

/** The entry that follows `before`. */
export function entryAfter(
  before: LogPosition,
  content: { term: number; type: EntryType; payload: Uint8Array },
): LogEntry {
  const index = before.index + 1;
  return { ...content, index, chain: chainValue(before.chain, { ...content, index }) };
}

/** Whether `entry` is whole and follows `before`. */
export function follows(entry: LogEntry, before: LogPosition): boolean {
  return (
    entry.index === before.index + 1 &&
    entry.term >= before.term &&
    entry.chain === chainValue(before.chain, entry)
  );
}

export function encodeEntry(entry: LogEntry): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + entry.payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, ENTRY_TYPES.indexOf(entry.type));
  view.setBigUint64(2, BigInt(entry.term));
  view.setBigUint64(10, BigInt(entry.index));
  view.setUint32(18, entry.chain);
  bytes.set(entry.payload, HEAD_BYTES);
  return bytes;
}

/** Undefined when the bytes are no entry. Whether the content is whole, only {@link follows} tells. */
export function decodeEntry(bytes: Uint8Array): LogEntry | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = ENTRY_TYPES[view.getUint8(1)];
  const term = Number(view.getBigUint64(2));
  const index = Number(view.getBigUint64(10));
  if (view.getUint8(0) !== VERSION || type === undefined) return undefined;
  if (!Number.isSafeInteger(term) || !Number.isSafeInteger(index)) return undefined;
  return { index, term, type, chain: view.getUint32(18), payload: bytes.subarray(HEAD_BYTES) };
}

/** CRC-32 over the chain value before, term, index, type and payload. */
export function chainValue(before: number, entry: UnchainedEntry): number {
  head.setUint32(0, before);
  setUint64(4, entry.term);
  setUint64(12, entry.index);
  head.setUint8(20, ENTRY_TYPES.indexOf(entry.type));
  return crc32(entry.payload, crc32(headBytes));
}

const headBytes = new Uint8Array(21);
const head = new DataView(headBytes.buffer);

function setUint64(offset: number, value: number): void {
  head.setUint32(offset, Math.floor(value / 2 ** 32));
  head.setUint32(offset + 4, value % 2 ** 32);
}
