import { type ProfileColumns, ProfileMerger } from "@hearth/profile";
import { buildProfileColumns, sketchRows, type RowSketch } from "@hearth/testing";
import {
  type BlockMeta,
  BlockWriter,
  MemoryPartSink,
  mergeBlocks,
  type MergeDeletions,
  type MergeSource,
  type RangeReader,
} from "../../src/index.ts";
import { readDataset } from "./read-dataset.ts";

export const never = new AbortController().signal;

/** A row and the dataset that it belongs to. */
export interface PlacedRow {
  readonly tenant: string;
  readonly service: string;
  readonly row: RowSketch;
}

export interface StoredBlock {
  readonly meta: BlockMeta;
  readonly bytes: Uint8Array;
}

/** Ids whose times rise with `number`. */
export function blockId(number: number): string {
  return `01J2VJ${String(number).padStart(3, "0")}DC160REPAD2VN88XN`;
}

const SEGMENT = { tenant: "", shard: 7, level: 0, createdBy: "writer-0" };

/** A segment of the rows; datasets are in the order in which they come. Without rows its object has no bytes. */
export function segmentOf(placed: readonly PlacedRow[], number: number): StoredBlock {
  if (placed.length === 0) return emptySegment(number);
  const sink = new MemoryPartSink();
  const writer = new BlockWriter(SEGMENT, sink);
  for (const rows of Map.groupBy(placed, ({ tenant, service }) => `${tenant}/${service}`).values()) {
    const columns = buildProfileColumns(rows.map(({ row }) => row));
    writer.addDataset(rows[0]!.tenant, rows[0]!.service, sorted(columns));
  }
  const meta = writer.finish(blockId(number));
  return { meta, bytes: sink.build() };
}

/** A segment of one dataset. */
export function blockOf(
  tenant: string,
  service: string,
  columns: ProfileColumns,
  number: number,
): StoredBlock {
  const sink = new MemoryPartSink();
  const writer = new BlockWriter(SEGMENT, sink);
  writer.addDataset(tenant, service, sorted(columns));
  const meta = writer.finish(blockId(number));
  return { meta, bytes: sink.build() };
}

function sorted(columns: ProfileColumns): ProfileColumns {
  const merger = new ProfileMerger();
  merger.add(columns);
  return merger.build();
}

function emptySegment(number: number): StoredBlock {
  const times = { minTimeMs: 0, maxTimeMs: 0 };
  const meta = { ...SEGMENT, ...times, id: blockId(number), formatVersion: 1, sizeBytes: 0, datasets: [] };
  return { meta, bytes: new Uint8Array(0) };
}

export function readerOf(bytes: Uint8Array): RangeReader {
  return { read: async (offset, length) => bytes.slice(offset, offset + length) };
}

export function sourceOf({ meta, bytes }: StoredBlock): MergeSource {
  return { meta, reader: readerOf(bytes) };
}

export interface Merged {
  readonly blocks: readonly StoredBlock[];
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly repeatedRows: number;
  readonly deletedRows: ReadonlyMap<string, number>;
  readonly summedRows: number;
}

export async function merge(
  blocks: readonly StoredBlock[],
  deletions?: MergeDeletions,
  outputLevel = 0,
): Promise<Merged> {
  const openSink = (): MemoryPartSink => new MemoryPartSink();
  const input = { sources: blocks.map(sourceOf), openSink, outputLevel, ...(deletions && { deletions }) };
  const { outputs, ...counts } = await mergeBlocks(input, never);
  return { ...counts, blocks: outputs.map(({ meta, sink }) => ({ meta, bytes: sink.build() })) };
}

/** All rows of blocks as text, sorted: what is stored, no matter where. */
export async function rowsOf(blocks: readonly StoredBlock[]): Promise<string[]> {
  const datasets = blocks.flatMap(({ meta, bytes }) => meta.datasets.map((dataset) => ({ dataset, bytes })));
  const placed = await Promise.all(
    datasets.map(async ({ dataset, bytes }) =>
      sketchRows(await readDataset(bytes, dataset)).map(({ ...row }) => ({ ...dataset, row })),
    ),
  );
  return placed.flat().map(rowText).sort();
}

/** One row as text; the order of its samples does not matter, nor does a span of zero. */
export function rowText({ tenant, service, row }: PlacedRow): string {
  const samples = row.samples.map(([stack, value, span]) => `${stack}=${value}@${span ?? 0}`).sort();
  return JSON.stringify([tenant, service, row.labels, row.timeMs, row.timeRestNanos ?? 0, row.id, samples]);
}
