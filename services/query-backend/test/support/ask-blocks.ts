import {
  type BlockMeta,
  BlockWriter,
  type DatasetMeta,
  MemoryPartSink,
  mergeBlocks,
  type SectionKind,
} from "@hearth/block";
import { ProfileMerger } from "@hearth/profile";
import { buildProfileColumns, type RowSketch } from "@hearth/testing";
import { executeLeaf, type LeafDeps } from "../../src/leaf/execute-leaf.ts";
import type {
  LeafQuery,
  LeafReport,
  LeafRequest,
  LeafUsage,
  SampleSelector,
} from "../../src/leaf/leaf-request.ts";
import { SectionCache } from "../../src/leaf/section-cache.ts";
import { SharedTables } from "../../src/leaf/shared-tables.ts";

const never = new AbortController().signal;
export const ALL: SampleSelector = { spanIds: [], traceIds: [], profileIds: [], callSite: [] };
export const TREE: LeafQuery = { type: "tree", selector: ALL };
export const PPROF: LeafQuery = { type: "pprof", selector: ALL };

export interface StoredBlock {
  readonly meta: BlockMeta;
  readonly bytes: Uint8Array;
}

/** A segment of rows of one tenant. */
export function segment(rows: readonly RowSketch[], number: number): StoredBlock {
  const sink = new MemoryPartSink();
  const writer = new BlockWriter({ tenant: "", shard: 1, level: 0, createdBy: "test" }, sink);
  const services = Map.groupBy(rows, ({ labels }) => labels["service_name"]!);
  for (const [service, ofService] of services) {
    const merger = new ProfileMerger();
    merger.add(buildProfileColumns(ofService));
    writer.addDataset("acme", service, merger.build());
  }
  const meta = writer.finish(`01J2VJ${String(number).padStart(3, "0")}DC160REPAD2VN88XN`);
  return { meta, bytes: sink.build() };
}

/** Merges blocks of one level again and again. */
export async function mergedTo(level: number, blocks: readonly StoredBlock[]): Promise<StoredBlock[]> {
  let current = blocks;
  while (current.length > 0 && current[0]!.meta.level < level) current = await mergedOnce(current);
  return [...current];
}

/** @param outputLevel - that of a tier; 0 for the next level. */
export async function mergedOnce(blocks: readonly StoredBlock[], outputLevel = 0): Promise<StoredBlock[]> {
  const sources = blocks.map(({ meta, bytes }) => ({
    meta,
    reader: { read: async (offset: number, length: number) => bytes.slice(offset, offset + length) },
  }));
  const openSink = (): MemoryPartSink => new MemoryPartSink();
  const { outputs } = await mergeBlocks({ sources, openSink, outputLevel }, never);
  return outputs.map(({ meta, sink }) => ({ meta, bytes: sink.build() }));
}

export interface Answer {
  readonly reports: LeafReport[];
  readonly usage: LeafUsage;
  /** Kinds of sections that were read; what lies between them is read over. */
  readonly read: ReadonlySet<SectionKind>;
  /** Of the blocks' objects. */
  readonly requestCount: number;
}

/** Asks the same blocks, as if they had no rollups when `hidden`; with a cache of its own unless there is one. */
export async function ask(
  blocks: readonly StoredBlock[],
  request: Partial<LeafRequest>,
  { hidden = false, cache = new SectionCache(0) }: { hidden?: boolean; cache?: SectionCache } = {},
): Promise<Answer> {
  const read = new Set<SectionKind>();
  let requestCount = 0;
  const bytesOf = new Map(blocks.map(({ meta, bytes }) => [meta.id, bytes]));
  const deps: LeafDeps = {
    cache,
    tables: new SharedTables(1 << 20),
    readAhead: 2,
    openBlock: ({ id, datasets }) => ({
      read: (offset, length) => {
        requestCount++;
        for (const { kind, ...section } of datasets.flatMap(({ sections }) => sections))
          if (section.offset < offset + length && offset < section.offset + section.sizeBytes) read.add(kind);
        return Promise.resolve(bytesOf.get(id)!.slice(offset, offset + length));
      },
    }),
  };
  const whole = {
    tenants: ["acme"],
    startMs: 0,
    endMs: Number.MAX_SAFE_INTEGER,
    matchers: [],
    queries: [TREE],
    blocks: blocks.map(({ meta }) => (hidden ? withoutRollups(meta) : meta)),
    deletions: new Map(),
    ...request,
  };
  return { ...(await executeLeaf(whole, deps, never)), read, requestCount };
}

/** A block that looks well, until one of these sections is decoded. */
export function damaged({ meta, bytes }: StoredBlock, kinds: readonly SectionKind[]): StoredBlock {
  const harmed = bytes.slice();
  for (const { kind, offset, sizeBytes } of meta.datasets.flatMap(({ sections }) => sections))
    if (kinds.includes(kind)) harmed.fill(0xff, offset, offset + sizeBytes);
  return { meta, bytes: harmed };
}

const withoutRollups = (meta: BlockMeta): BlockMeta => ({
  ...meta,
  datasets: meta.datasets.map((dataset: DatasetMeta) => ({
    ...dataset,
    sections: dataset.sections.filter(({ kind }) => kind !== "rollup"),
  })),
});
