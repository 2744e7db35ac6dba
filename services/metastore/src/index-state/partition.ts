import { ByteReader, ByteWriter } from "../bytes.ts";
import type { BlockMeta } from "@hearth/block";
import { placeOf, type BlockPlace } from "./block-place.ts";
import {
  decodeDataset,
  decodeDeletionsApplied,
  decodeRecordHead,
  encodeRecord,
  skipRecordHead,
} from "./block-record.ts";
import { grown, RecordStore } from "./record-store.ts";
import { RowList } from "./row-list.ts";
import { DigestSum, ELEMENT, ElementHash, type HashWords } from "./state-digest.ts";
import { compareUlidWords, readUlidWords, ULID_WORDS, writeUlidWords } from "./ulid-words.ts";
import { Vocabulary, type DatasetKind, type VocabularyExtent } from "./vocabulary.ts";

/** Milliseconds, half-open. */
export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** What a partition holds of one tenant. */
export interface TenantRows {
  readonly shards: Map<number, RowList>;
  blockCount: number;
  /** Of the tenant's own blocks, and of its datasets in segments. */
  sizeBytes: number;
  /** Data time, both inclusive; see {@link Partition.tenantTimes}. */
  minTimeMs: number;
  maxTimeMs: number;
  /** A block was removed since the bounds were found. */
  areTimesStale: boolean;
  /** Stamp of the last registration, Unix milliseconds. */
  lastIngestMs: number;
  /** Of the tenant's name. */
  readonly nameHash: HashWords;
}

/** A partition as it was: what is behind it only grows, so that counts, and which rows had gone, are all that must be remembered. */
export interface PartitionCapture {
  readonly partition: Partition;
  readonly rowCount: number;
  /** 1 for each row whose block had been removed. */
  readonly isRemoved: Uint8Array;
  readonly vocabulary: VocabularyExtent;
  /** Sorted by tenant. */
  readonly lastIngest: readonly (readonly [tenant: string, lastIngestMs: number])[];
}

const INITIAL_ROWS = 16;

/**
 * The blocks that were made in one stretch of time. Each is a row of columns; rows are only appended, and the row of a block that
 * is removed is passed over from then on. `byId` and the lists of each tenant and shard order rows by id.
 */
export class Partition {
  readonly vocabulary: Vocabulary;
  readonly tenants = new Map<string, TenantRows>();
  /** Earliest and latest data time of any block that is or was there, both inclusive. */
  minTimeMs = Infinity;
  maxTimeMs = -Infinity;

  readonly #digest = new DigestSum();
  readonly #hash = new ElementHash();
  readonly #records = new RecordStore();
  readonly #byId = new RowList();
  #ids = new Uint32Array(ULID_WORDS * INITIAL_ROWS);
  #minTimes = new Float64Array(INITIAL_ROWS);
  #maxTimes = new Float64Array(INITIAL_ROWS);
  #deletionsApplied = new Float64Array(INITIAL_ROWS);
  #isRemoved = new Uint8Array(INITIAL_ROWS);
  #removedCount = 0;
  /** By kind number: how many datasets are of it, and bounds of the data time of all that are or were there, both inclusive. */
  readonly #kindCounts: number[] = [];
  readonly #kindMinTimes: number[] = [];
  readonly #kindMaxTimes: number[] = [];

  readonly #compareRows = (a: number, b: number): number => this.compareRows(a, b);
  readonly #soughtId = new Uint32Array(ULID_WORDS);
  readonly #recordWriter = new ByteWriter(1024);
  readonly #datasetWriter = new ByteWriter(1024);

  constructor(vocabulary = new Vocabulary()) {
    this.vocabulary = vocabulary;
  }

  /** Of rows and last registrations; that of the vocabulary is its own. */
  get digest(): HashWords {
    return this.#digest;
  }

  /** With those of blocks that were removed. */
  get rowCount(): number {
    return this.#records.count;
  }

  get blockCount(): number {
    return this.#records.count - this.#removedCount;
  }

  get sizeBytes(): number {
    return (
      this.#records.sizeBytes +
      this.#ids.byteLength +
      3 * this.#minTimes.byteLength +
      this.#isRemoved.byteLength
    );
  }

  /** Adds a valid block. @returns false when a block with its id is there already. */
  add(block: BlockMeta, stampMs: number): boolean {
    writeUlidWords(block.id, this.#soughtId, 0);
    if (this.#findRow(this.#soughtId) !== undefined) return false;
    this.#recordWriter.clear();
    encodeRecord(block, this.vocabulary, this.#recordWriter, this.#datasetWriter);
    for (const tenant of this.#append(this.#soughtId, this.#recordWriter.written())) {
      if (stampMs > tenant.lastIngestMs) this.#setLastIngest(tenant, stampMs);
    }
    return true;
  }

  /** @returns false when there is no such block. */
  remove(id: string): boolean {
    const row = this.rowOf(id);
    if (row === undefined) return false;
    const record = this.#records.record(row);
    this.#digest.subtract(this.#hashRow(this.#soughtId, record));
    this.#byId.remove(row, this.#compareRows);
    this.#unlistRow(row);
    this.#isRemoved[row] = 1;
    this.#removedCount++;
    return true;
  }

  /** The same blocks and words, without what was removed: a partition of its own, whose rows have other numbers. */
  vacuumed(): Partition {
    const fresh = new Partition(this.vocabulary);
    for (const row of this.rows()) {
      const id = this.#ids.subarray(row * ULID_WORDS, (row + 1) * ULID_WORDS);
      fresh.#append(id, this.#records.record(row));
    }
    for (const [tenant, { lastIngestMs }] of this.tenants) fresh.restoreLastIngest(tenant, lastIngestMs);
    return fresh;
  }

  /** Of all blocks, in the order in which they came. */
  *rows(capture: Pick<PartitionCapture, "rowCount" | "isRemoved"> = this.#now()): Generator<number> {
    for (let row = 0; row < capture.rowCount; row++) if (capture.isRemoved[row] === 0) yield row;
  }

  idOf(row: number): string {
    return readUlidWords(this.#ids, row * ULID_WORDS);
  }

  /** The number of the last deletion on request that was applied when the block was written; 0 when there was none. */
  deletionsApplied(row: number): number {
    return this.#deletionsApplied[row]!;
  }

  /** Data time of a tenant's blocks, both inclusive; undefined when it has none here. */
  tenantTimes(tenant: string): { minTimeMs: number; maxTimeMs: number } | undefined {
    const rows = this.tenants.get(tenant);
    if (!rows || rows.blockCount === 0) return undefined;
    if (rows.areTimesStale) this.#findTimes(tenant, rows);
    return { minTimeMs: rows.minTimeMs, maxTimeMs: rows.maxTimeMs };
  }

  rowOf(id: string): number | undefined {
    writeUlidWords(id, this.#soughtId, 0);
    return this.#findRow(this.#soughtId);
  }

  overlaps(range: TimeRange): boolean {
    return this.minTimeMs < range.endMs && this.maxTimeMs >= range.startMs;
  }

  rowOverlaps(row: number, range: TimeRange): boolean {
    return this.#minTimes[row]! < range.endMs && this.#maxTimes[row]! >= range.startMs;
  }

  /** Of the earliest data of a row, Unix milliseconds. */
  minTimeOf(row: number): number {
    return this.#minTimes[row]!;
  }

  /** Of the latest data of a row, Unix milliseconds. */
  maxTimeOf(row: number): number {
    return this.#maxTimes[row]!;
  }

  /** Whether all data of a row lie in `range`. */
  rowIsInside(row: number, range: TimeRange): boolean {
    return this.#minTimes[row]! >= range.startMs && this.#maxTimes[row]! < range.endMs;
  }

  /** Whether all data of a row is older. */
  rowEndsBefore(row: number, timeMs: number): boolean {
    return this.#maxTimes[row]! < timeMs;
  }

  /** The time of the newest data of each tenant that a row has something of. */
  newestOf(row: number): Map<string, number> {
    const newest = new Map<string, number>();
    this.forEachDataset(row, (kind, numbers) => {
      const { tenant } = this.vocabulary.kind(kind);
      const { maxTimeMs } = this.datasetTimes(row, numbers);
      newest.set(tenant, Math.max(newest.get(tenant) ?? 0, maxTimeMs));
    });
    return newest;
  }

  /** How the datasets of a kind lie to `range`, as far as their common bounds tell. */
  kindPlace(kind: number, range: TimeRange): "inside" | "outside" | "partly" {
    const minTimeMs = this.#kindMinTimes[kind] ?? Infinity;
    const maxTimeMs = this.#kindMaxTimes[kind] ?? -Infinity;
    if ((this.#kindCounts[kind] ?? 0) === 0) return "outside";
    if (minTimeMs >= range.endMs || maxTimeMs < range.startMs) return "outside";
    return minTimeMs >= range.startMs && maxTimeMs < range.endMs ? "inside" : "partly";
  }

  /** Orders rows by id. */
  compareRows(a: number, b: number): number {
    return compareUlidWords(this.#ids, a * ULID_WORDS, this.#ids, b * ULID_WORDS);
  }

  /** Calls `visit` for each dataset of a row; the reader stands at the dataset's numbers, and need not be moved. */
  forEachDataset(row: number, visit: (kind: number, numbers: ByteReader) => void): void {
    const record = this.#records.record(row);
    const reader = new ByteReader(record);
    for (let left = skipRecordHead(reader); left > 0; left--) {
      const kind = reader.integer();
      const sizeBytes = reader.integer();
      visit(kind, new ByteReader(record, reader.offset, reader.offset + sizeBytes));
      reader.skip(sizeBytes);
    }
  }

  /** The block in `row` with those datasets for which `select` returns a kind (perhaps narrowed) and whose data time overlaps. */
  block(
    row: number,
    range: TimeRange,
    select: (kind: number, position: number) => DatasetKind | undefined,
  ): BlockMeta {
    const { datasetCount: _, ...head } = decodeRecordHead(
      new ByteReader(this.#records.record(row)),
      this.vocabulary,
    );
    const datasets: BlockMeta["datasets"][number][] = [];
    let position = 0;
    this.forEachDataset(row, (kindNumber, numbers) => {
      const kind = select(kindNumber, position++);
      if (!kind) return;
      const dataset = decodeDataset(numbers, kind, head.minTimeMs);
      if (dataset.minTimeMs < range.endMs && dataset.maxTimeMs >= range.startMs) datasets.push(dataset);
    });
    return { ...head, id: this.idOf(row), datasets };
  }

  /** Data time of the dataset at whose numbers the reader stands, both inclusive. */
  datasetTimes(row: number, numbers: ByteReader): { minTimeMs: number; maxTimeMs: number } {
    const minTimeMs = this.#minTimes[row]! + numbers.integer();
    return { minTimeMs, maxTimeMs: minTimeMs + numbers.integer() };
  }

  capture(): PartitionCapture {
    const tenants = [...this.tenants].map(([tenant, rows]) => [tenant, rows.lastIngestMs] as const);
    const lastIngest = tenants.toSorted(([a], [b]) => (a < b ? -1 : 1));
    const isRemoved = this.#isRemoved.slice(0, this.rowCount);
    return {
      partition: this,
      rowCount: this.rowCount,
      isRemoved,
      vocabulary: this.vocabulary.extent,
      lastIngest,
    };
  }

  /** Writes the id and the record of a row, for {@link restoreRow}. */
  encodeRow(row: number, out: ByteWriter): void {
    for (let i = 0; i < ULID_WORDS; i++) out.uint32(this.#ids[row * ULID_WORDS + i]!);
    const record = this.#records.record(row);
    out.integer(record.length);
    out.bytes(record);
  }

  /** @returns the row. @throws {DataLossError} if the bytes are not what {@link encodeRow} wrote. */
  restoreRow(bytes: ByteReader): number {
    for (let i = 0; i < ULID_WORDS; i++) this.#soughtId[i] = bytes.uint32();
    this.#append(this.#soughtId, bytes.bytes(bytes.integer()));
    return this.rowCount - 1;
  }

  /** Where the block of a row belongs, and its size. */
  place(row: number): BlockPlace {
    const head = decodeRecordHead(new ByteReader(this.#records.record(row)), this.vocabulary);
    return placeOf({ ...head, id: this.idOf(row) });
  }

  restoreLastIngest(tenant: string, lastIngestMs: number): void {
    this.#setLastIngest(this.#rowsOf(tenant), lastIngestMs);
  }

  #now(): Pick<PartitionCapture, "rowCount" | "isRemoved"> {
    return { rowCount: this.rowCount, isRemoved: this.#isRemoved };
  }

  #append(id: Uint32Array, record: Uint8Array): TenantRows[] {
    const row = this.#records.append(record);
    if (row === this.#minTimes.length) this.#growColumns();
    this.#ids.set(id, row * ULID_WORDS);
    this.#byId.insert(row, this.#compareRows);
    this.#digest.add(this.#hashRow(id, record));
    return this.#indexRow(row);
  }

  /** Fills everything that is derived from the record. @returns the tenants that it is of. */
  #indexRow(row: number): TenantRows[] {
    const head = decodeRecordHead(new ByteReader(this.#records.record(row)), this.vocabulary);
    this.#minTimes[row] = head.minTimeMs;
    this.#maxTimes[row] = head.maxTimeMs;
    this.#deletionsApplied[row] = decodeDeletionsApplied(new ByteReader(this.#records.record(row)));
    this.minTimeMs = Math.min(this.minTimeMs, head.minTimeMs);
    this.maxTimeMs = Math.max(this.maxTimeMs, head.maxTimeMs);
    const tenants: TenantRows[] = [];
    this.forEachDataset(row, (kind, numbers) => {
      const times = this.datasetTimes(row, numbers);
      this.#kindMinTimes[kind] = Math.min(this.#kindMinTimes[kind] ?? Infinity, times.minTimeMs);
      this.#kindMaxTimes[kind] = Math.max(this.#kindMaxTimes[kind] ?? -Infinity, times.maxTimeMs);
      this.#kindCounts[kind] = (this.#kindCounts[kind] ?? 0) + 1;
      numbers.integer();
      const rows = this.#rowsOf(this.vocabulary.kind(kind).tenant);
      rows.minTimeMs = Math.min(rows.minTimeMs, times.minTimeMs);
      rows.maxTimeMs = Math.max(rows.maxTimeMs, times.maxTimeMs);
      if (head.level === 0) rows.sizeBytes += numbers.integer();
      if (!tenants.includes(rows)) tenants.push(rows);
    });
    for (const rows of tenants) this.#listRow(rows, row, head);
    return tenants;
  }

  #listRow(rows: TenantRows, row: number, head: { shard: number; level: number; sizeBytes: number }): void {
    rows.blockCount++;
    if (head.level > 0) rows.sizeBytes += head.sizeBytes;
    let list = rows.shards.get(head.shard);
    if (!list) rows.shards.set(head.shard, (list = new RowList()));
    list.insert(row, this.#compareRows);
  }

  /** Takes a row out of everything that is derived from records. Bounds of time stay as they are, or become stale. */
  #unlistRow(row: number): void {
    const head = decodeRecordHead(new ByteReader(this.#records.record(row)), this.vocabulary);
    const tenants = new Set<TenantRows>();
    this.forEachDataset(row, (kind, numbers) => {
      this.#kindCounts[kind]!--;
      this.datasetTimes(row, numbers);
      numbers.integer();
      const rows = this.#rowsOf(this.vocabulary.kind(kind).tenant);
      if (head.level === 0) rows.sizeBytes -= numbers.integer();
      tenants.add(rows);
    });
    for (const rows of tenants) {
      rows.blockCount--;
      rows.areTimesStale = true;
      if (head.level > 0) rows.sizeBytes -= head.sizeBytes;
      const list = rows.shards.get(head.shard);
      list?.remove(row, this.#compareRows);
      if (list?.count === 0) rows.shards.delete(head.shard);
    }
  }

  #findTimes(tenant: string, rows: TenantRows): void {
    rows.minTimeMs = Infinity;
    rows.maxTimeMs = -Infinity;
    for (const list of rows.shards.values()) {
      for (let position = 0; position < list.count; position++) {
        const row = list.at(position);
        this.forEachDataset(row, (kind, numbers) => {
          if (this.vocabulary.kind(kind).tenant !== tenant) return;
          const times = this.datasetTimes(row, numbers);
          rows.minTimeMs = Math.min(rows.minTimeMs, times.minTimeMs);
          rows.maxTimeMs = Math.max(rows.maxTimeMs, times.maxTimeMs);
        });
      }
    }
    rows.areTimesStale = false;
  }

  #rowsOf(tenant: string): TenantRows {
    let rows = this.tenants.get(tenant);
    if (!rows) {
      rows = {
        shards: new Map(),
        blockCount: 0,
        sizeBytes: 0,
        minTimeMs: Infinity,
        maxTimeMs: -Infinity,
        areTimesStale: false,
        lastIngestMs: 0,
        nameHash: new ElementHash().begin(ELEMENT.lastIngest).text(tenant).end(),
      };
      this.tenants.set(tenant, rows);
      this.#digest.add(this.#hashLastIngest(rows));
    }
    return rows;
  }

  #setLastIngest(rows: TenantRows, lastIngestMs: number): void {
    this.#digest.subtract(this.#hashLastIngest(rows));
    rows.lastIngestMs = lastIngestMs;
    this.#digest.add(this.#hashLastIngest(rows));
  }

  #hashLastIngest({ nameHash, lastIngestMs }: TenantRows): HashWords {
    return this.#hash.begin(ELEMENT.lastIngest).words(nameHash).integer(lastIngestMs).end();
  }

  #hashRow(id: Uint32Array, record: Uint8Array): HashWords {
    this.#hash.begin(ELEMENT.row);
    for (let i = 0; i < ULID_WORDS; i++) this.#hash.word(id[i]!);
    return this.#hash.bytes(record).end();
  }

  #findRow(id: Uint32Array): number | undefined {
    const ids = this.#ids;
    const position = this.#byId.lowerBound((row) => compareUlidWords(ids, row * ULID_WORDS, id, 0) < 0);
    if (position === this.#byId.count) return undefined;
    const row = this.#byId.at(position);
    return compareUlidWords(ids, row * ULID_WORDS, id, 0) === 0 ? row : undefined;
  }

  #growColumns(): void {
    this.#ids = grown(this.#ids);
    this.#minTimes = grown(this.#minTimes);
    this.#maxTimes = grown(this.#maxTimes);
    this.#deletionsApplied = grown(this.#deletionsApplied);
    this.#isRemoved = grown(this.#isRemoved);
  }
}
