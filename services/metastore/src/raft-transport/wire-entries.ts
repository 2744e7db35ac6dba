import { invariant } from "@hearth/errors";
import {
  ENTRY_TYPES,
  entrySizeBytes,
  type ChainFunction,
  type LogEntry,
  type LogPosition,
  type UnchainedEntry,
} from "@hearth/raft";
import { ByteReader, ByteWriter } from "../bytes.ts";
import { MAX_FRAME_BYTES, MAX_PAYLOAD_BYTES } from "./frame-limits.ts";
import { InvalidFrameError } from "./invalid-frame-error.ts";

/**
 * Entries of an Append as bytes; the layout is in `raft.proto`. Indexes are not written: entries follow `prev` without a gap.
 * By hand, since entries are most of what nodes send: generated code would take several times as long.
 */

/** Beside the payload, at most. */
const ENTRY_HEAD_BYTES = 20;

/** @throws {InvariantError} when the entries do not follow `prev`, or a payload is too large. */
export function encodeEntries(prev: LogPosition, entries: readonly LogEntry[]): Uint8Array {
  if (entries.length === 0) return new Uint8Array(0);
  const payloadBytes = entries.reduce((sum, { payload }) => sum + payload.length, 0);
  const out = new ByteWriter(payloadBytes + entries.length * ENTRY_HEAD_BYTES);
  let index = prev.index;
  for (const entry of entries) {
    invariant(entry.index === ++index, "entries of an Append follow each other");
    invariant(entry.payload.length <= MAX_PAYLOAD_BYTES, "the payload of an entry fits into a frame");
    out.integer(ENTRY_TYPES.indexOf(entry.type));
    out.integer(entry.term);
    out.uint32(entry.chain);
    out.integer(entry.payload.length);
    out.bytes(entry.payload);
  }
  return out.written();
}

/** What entries must fit to. */
export interface EntrySurroundings {
  readonly prev: LogPosition;
  /** Of the message: no entry has a later one. */
  readonly term: number;
  readonly chainOf: ChainFunction;
}

/**
 * Reads entries and checks all of them: types, sizes, terms, and that each follows the one before. Payloads are views into
 * `bytes`.
 *
 * @param field - names the bytes in errors.
 * @throws {InvalidFrameError}
 */
export function decodeEntries(field: string, bytes: Uint8Array, around: EntrySurroundings): LogEntry[] {
  // What comes from a socket is a Buffer, whose slices are no copies: not what users of payloads expect.
  const reader = new ByteReader(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const entries: LogEntry[] = [];
  let before = around.prev;
  let sizeBytes = 0;
  while (!reader.isAtEnd) {
    const name = `${field}[${entries.length}]`;
    const entry = readEntry(name, reader, before);
    checkEntry(name, entry, before, around);
    sizeBytes += entrySizeBytes(entry);
    entries.push(entry);
    if (sizeBytes > MAX_FRAME_BYTES && entries.length > 1) throw new InvalidFrameError(field, "too large");
    before = entry;
  }
  return entries;
}

function readEntry(name: string, reader: ByteReader, before: LogPosition): LogEntry {
  try {
    const type = ENTRY_TYPES[reader.integer()];
    const term = reader.integer();
    const chain = reader.uint32();
    const payload = reader.bytes(reader.integer());
    if (type === undefined) throw new InvalidFrameError(`${name}.type`, "unknown");
    return { index: before.index + 1, term, type, payload, chain };
  } catch (error) {
    if (error instanceof InvalidFrameError) throw error;
    throw new InvalidFrameError(name, "cut off", { cause: error });
  }
}

function checkEntry(
  name: string,
  entry: LogEntry,
  before: LogPosition,
  { term, chainOf }: EntrySurroundings,
): void {
  if (entry.payload.length > MAX_PAYLOAD_BYTES) throw new InvalidFrameError(`${name}.payload`, "too large");
  if (!Number.isSafeInteger(entry.index)) throw new InvalidFrameError(`${name}.index`, "out of range");
  if (entry.term < before.term) throw new InvalidFrameError(`${name}.term`, "less than that before");
  if (entry.term > term) throw new InvalidFrameError(`${name}.term`, "more than that of the message");
  const unchained: UnchainedEntry = entry;
  if (chainOf(before.chain, unchained) !== entry.chain) {
    throw new InvalidFrameError(`${name}.chain`, "the entry does not follow the one before");
  }
}
