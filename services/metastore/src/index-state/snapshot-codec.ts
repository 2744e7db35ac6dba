import { createHash } from "node:crypto";
import { DataLossError } from "@hearth/errors";
import {
  decodeJob,
  decodeNote,
  decodeTombstone,
  encodeJob,
  encodeNote,
  encodeTombstone,
} from "../compaction/compaction-codec.ts";
import { Compaction, type CompactionCapture } from "../compaction/compaction.ts";
import { decodeCandidate, encodeCandidate } from "../orphans/orphan-codec.ts";
import type { WatchCapture } from "../orphans/orphan-watch.ts";
import { decodeDeletion, encodeDeletion } from "../deletions/deletion-codec.ts";
import { Deletions, type DeletionsCapture } from "../deletions/deletions.ts";
import { AppliedResults, type AppliedResult, type RememberedResult } from "./applied-results.ts";
import { BlockIndex } from "./block-index.ts";
import { ByteReader, ByteWriter } from "../bytes.ts";
import { MetastoreState, type StateCapture } from "./metastore-state.ts";
import { Partition, type PartitionCapture } from "./partition.ts";

/**
 * A state as frames of bytes. A frame is a type and items of that type; how items are spread over frames means nothing.
 * Equal states make equal frames, so that a hash over them compares nodes.
 */

const FORMAT = 1;
/** A frame is closed when it is longer; one item alone may be larger. */
const FRAME_BYTES = 128 * 1024;

const FRAME = {
  head: 1,
  results: 2,
  partition: 3,
  strings: 4,
  labelSets: 5,
  kinds: 6,
  lastIngest: 7,
  rows: 8,
  end: 9,
  /** The last number of a job; written only when there was one. */
  compaction: 10,
  jobs: 11,
  blockNotes: 12,
  tombstones: 13,
  /** Since when orphans are watched; written only when they are. */
  orphanWatch: 14,
  orphanCandidates: 15,
  /** The last number of a deletion on request; written only when there was one. */
  lastDeletion: 16,
  deletions: 17,
} as const;

const RESULT = { blocksAdded: 1, rejected: 2 } as const;

/** Each frame is an array of its own. The work happens as the frames are asked for. */
export function* encodeState(capture: StateCapture): Generator<Uint8Array, void, undefined> {
  let frameCount = 0;
  for (const frame of contentFrames(capture)) {
    yield frame;
    frameCount++;
  }
  yield* frames(FRAME.end, [frameCount], (count, out) => out.integer(count));
}

/** SHA-256 of the state, in hex. */
export function hashOfState(capture: StateCapture): string {
  const hash = createHash("sha256");
  for (const frame of encodeState(capture)) hash.update(frame);
  return hash.digest("hex");
}

/** Builds a state from the frames of {@link encodeState}, given one after another. */
export class StateDecoder {
  readonly #results = new AppliedResults();
  readonly #index = new BlockIndex();
  readonly #deletions = new Deletions(this.#index);
  readonly #compaction = new Compaction(this.#index, this.#deletions);
  #lastStampNanos: bigint | undefined;
  #partition: Partition | undefined;
  #frameCount = 0;
  #isComplete = false;

  /** @throws {DataLossError} if the frame does not make sense here. */
  add(frame: Uint8Array): void {
    const bytes = new ByteReader(frame);
    const type = bytes.integer();
    while (!bytes.isAtEnd) this.#item(type, bytes);
    this.#frameCount++;
  }

  /** @throws {DataLossError} if frames are missing. */
  finish(): MetastoreState {
    if (!this.#isComplete || this.#lastStampNanos === undefined) {
      throw new DataLossError("the snapshot is not complete");
    }
    this.#deletions.finishRestore();
    return new MetastoreState({
      index: this.#index,
      compaction: this.#compaction,
      deletions: this.#deletions,
      results: this.#results,
      lastStampNanos: this.#lastStampNanos,
    });
  }

  #item(type: number, bytes: ByteReader): void {
    switch (type) {
      case FRAME.head:
        this.#head(bytes);
        return;
      case FRAME.results:
        this.#results.remember(decodeResult(bytes));
        return;
      case FRAME.partition:
        this.#partition = new Partition();
        this.#index.restore(bytes.integer(), this.#partition);
        return;
      case FRAME.end:
        this.#end(bytes.integer());
        return;
      case FRAME.rows:
        this.#row(bytes);
        return;
      case FRAME.compaction:
        this.#compaction.restoreLastNumber(bytes.integer());
        return;
      case FRAME.jobs:
        this.#compaction.restoreJob(decodeJob(bytes));
        return;
      case FRAME.blockNotes:
        this.#compaction.restoreNote(...decodeNote(bytes));
        return;
      case FRAME.tombstones:
        this.#compaction.tombstones.restore(decodeTombstone(bytes));
        return;
      case FRAME.orphanWatch:
        this.#compaction.orphans.restoreSince(bytes.integer());
        return;
      case FRAME.orphanCandidates:
        this.#compaction.orphans.set(decodeCandidate(bytes));
        return;
      case FRAME.lastDeletion:
        this.#deletions.table.raise(bytes.integer());
        return;
      case FRAME.deletions:
        this.#deletions.table.set(decodeDeletion(bytes));
        return;
      default:
        partitionItem(type, bytes, this.#partition);
    }
  }

  #row(bytes: ByteReader): void {
    if (!this.#partition) throw new DataLossError("a frame comes before its partition");
    const row = this.#partition.restoreRow(bytes);
    this.#compaction.restoreBlock(this.#partition.place(row));
  }

  #head(bytes: ByteReader): void {
    const format = bytes.integer();
    if (format !== FORMAT) throw new DataLossError(`unknown format of the state: format=${format}`);
    this.#lastStampNanos = stampOf(bytes.bytes(8));
  }

  #end(frameCount: number): void {
    if (frameCount !== this.#frameCount) throw new DataLossError("the snapshot lacks frames");
    this.#isComplete = true;
  }
}

function* contentFrames(capture: StateCapture): Generator<Uint8Array> {
  yield* frames(FRAME.head, [capture], (head, out) => {
    out.integer(FORMAT);
    out.bytes(stampBytes(head.lastStampNanos));
  });
  yield* frames(FRAME.results, capture.results, encodeResult);
  for (const [number, partition] of capture.partitions) yield* encodePartition(number, partition);
  yield* encodeCompaction(capture.compaction);
  yield* encodeOrphans(capture.compaction.orphans);
  yield* encodeDeletions(capture.deletions);
}

function* encodeOrphans({ sinceMs, candidates }: WatchCapture): Generator<Uint8Array> {
  if (sinceMs === undefined) return;
  yield* frames(FRAME.orphanWatch, [sinceMs], (value, out) => out.integer(value));
  yield* frames(FRAME.orphanCandidates, candidates, encodeCandidate);
}

function* encodeDeletions({ lastNumber, deletions }: DeletionsCapture): Generator<Uint8Array> {
  if (lastNumber === 0) return;
  yield* frames(FRAME.lastDeletion, [lastNumber], (value, out) => out.integer(value));
  yield* frames(FRAME.deletions, deletions, encodeDeletion);
}

/** After the blocks: jobs and notes say which of them do not wait. */
function* encodeCompaction({
  lastNumber,
  jobs,
  notes,
  tombstones,
}: CompactionCapture): Generator<Uint8Array> {
  if (lastNumber === 0 && tombstones.length === 0) return;
  yield* frames(FRAME.compaction, [lastNumber], (value, out) => out.integer(value));
  yield* frames(FRAME.jobs, jobs, encodeJob);
  yield* frames(FRAME.blockNotes, notes, encodeNote);
  yield* frames(FRAME.tombstones, tombstones, encodeTombstone);
}

function* encodePartition(number: number, capture: PartitionCapture): Generator<Uint8Array> {
  const { partition } = capture;
  const words = partition.vocabulary.entries(capture.vocabulary);
  yield* frames(FRAME.partition, [number], (value, out) => out.integer(value));
  yield* frames(FRAME.strings, words.strings, (value, out) => out.string(value));
  yield* frames(FRAME.labelSets, words.labelSets, encodeNumbers);
  yield* frames(FRAME.kinds, words.kinds, encodeNumbers);
  yield* frames(FRAME.rows, partition.rows(capture), (row, out) => partition.encodeRow(row, out));
  yield* frames(FRAME.lastIngest, capture.lastIngest, ([tenant, timeMs], out) => {
    out.string(tenant);
    out.integer(timeMs);
  });
}

function partitionItem(type: number, bytes: ByteReader, partition: Partition | undefined): void {
  if (!partition) throw new DataLossError("a frame comes before its partition");
  switch (type) {
    case FRAME.strings:
      partition.vocabulary.restoreString(bytes.string());
      return;
    case FRAME.labelSets:
      partition.vocabulary.restoreLabelSet(decodeNumbers(bytes));
      return;
    case FRAME.kinds:
      partition.vocabulary.restoreKind(decodeNumbers(bytes));
      return;
    case FRAME.lastIngest:
      partition.restoreLastIngest(bytes.string(), bytes.integer());
      return;
    default:
      throw new DataLossError(`unknown frame: type=${type}`);
  }
}

function* frames<T>(
  type: number,
  items: Iterable<T>,
  encode: (item: T, out: ByteWriter) => void,
): Generator<Uint8Array> {
  const out = new ByteWriter();
  for (const item of items) {
    if (out.length === 0) out.integer(type);
    encode(item, out);
    if (out.length < FRAME_BYTES) continue;
    yield out.written().slice();
    out.clear();
  }
  if (out.length > 0) yield out.written().slice();
}

function encodeNumbers(numbers: readonly number[], out: ByteWriter): void {
  out.integer(numbers.length);
  for (const number of numbers) out.integer(number);
}

function decodeNumbers(bytes: ByteReader): number[] {
  const numbers: number[] = [];
  for (let left = bytes.integer(); left > 0; left--) numbers.push(bytes.integer());
  return numbers;
}

function encodeResult({ requestId, bodyCrc, result }: AppliedResult, out: ByteWriter): void {
  out.string(requestId);
  out.uint32(bodyCrc);
  if (result.type === "rejected") {
    out.integer(RESULT.rejected);
    out.string(result.reason);
  } else if (result.type === "blocks-added") {
    out.integer(RESULT.blocksAdded);
    out.integer(result.refusals.length);
    for (const refusal of result.refusals) {
      out.string(refusal.block);
      out.string(refusal.reason);
    }
  }
}

function decodeResult(bytes: ByteReader): AppliedResult {
  return { requestId: bytes.string(), bodyCrc: bytes.uint32(), result: decodeCommandResult(bytes) };
}

function decodeCommandResult(bytes: ByteReader): RememberedResult {
  const type = bytes.integer();
  if (type === RESULT.rejected) return { type: "rejected", reason: bytes.string() };
  if (type !== RESULT.blocksAdded) throw new DataLossError(`unknown result: type=${type}`);
  const refusals = [];
  for (let left = bytes.integer(); left > 0; left--) {
    refusals.push({ block: bytes.string(), reason: bytes.string() });
  }
  return { type: "blocks-added", refusals };
}

function stampBytes(stampNanos: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, stampNanos);
  return bytes;
}

function stampOf(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0);
}
