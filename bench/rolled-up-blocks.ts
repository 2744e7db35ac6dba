import { type BlockMeta, BlockWriter, MemoryPartSink } from "@hearth/block";
import { decodeProfileColumns, ProfileMerger } from "@hearth/profile";

import { executeLeaf, type LeafDeps } from "../services/query-backend/src/leaf/execute-leaf.ts";
import type { LeafQuery, LeafRequest, LeafUsage } from "../services/query-backend/src/leaf/leaf-request.ts";
import { SectionCache } from "../services/query-backend/src/leaf/section-cache.ts";
import { SharedTables } from "../services/query-backend/src/leaf/shared-tables.ts";
import { Program } from "./program-segments.ts";

export const SAMPLES = 540;
const STACKS = 6000;
const PODS = 4;
const TYPE = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";

const never = new AbortController().signal;

export interface StoredBlock {
  readonly meta: BlockMeta;
  readonly bytes: Uint8Array;
}

/** Asks one type of all blocks, over all of their time, as one leaf. */
export async function ask(
  query: LeafQuery,
  blocks: readonly StoredBlock[],
  deps: LeafDeps,
): Promise<LeafUsage> {
  const request: LeafRequest = {
    tenants: ["anonymous"],
    startMs: 0,
    endMs: Number.MAX_SAFE_INTEGER,
    matchers: [{ name: "__profile_type__", matches: (value) => value === TYPE }],
    queries: [query],
    blocks: blocks.map(({ meta }) => meta),
    deletions: new Map(),
  };
  return (await executeLeaf(request, deps, never)).usage;
}

/** @param cacheBytes - for decoded sections; 0 keeps none. */
export function depsOf(blocks: readonly StoredBlock[], cacheBytes: number): LeafDeps {
  const objects = new Map(blocks.map(({ meta, bytes }) => [meta.id, bytes]));
  return {
    cache: new SectionCache(cacheBytes),
    tables: new SharedTables(1 << 30),
    readAhead: 4,
    openBlock: ({ id }) => ({
      read: (offset, length) => Promise.resolve(objects.get(id)!.slice(offset, offset + length)),
    }),
  };
}

/** What a question reads of blocks of which nothing is kept. */
export async function readsOf(
  query: LeafQuery,
  blocks: readonly StoredBlock[],
): Promise<{ readonly bytes: number; readonly requests: number }> {
  const deps = depsOf(blocks, 0);
  let requests = 0;
  const openBlock: LeafDeps["openBlock"] = (block) => {
    const object = deps.openBlock(block);
    return {
      read: (offset, length, signal) => {
        requests++;
        return object.read(offset, length, signal);
      },
    };
  };
  const { fetchedBytes } = await ask(query, blocks, { ...deps, openBlock });
  return { bytes: fetchedBytes, requests };
}

/** Blocks of level 2 that follow each other: the last profile of each is younger than the first of the next. */
export function rolledUpBlocks({ blocks, profiles }: { blocks: number; profiles: number }): StoredBlock[] {
  const program = new Program({ service: "service-0", seed: 1, stacks: STACKS, pods: PODS });
  const encoded = Array.from({ length: blocks * profiles }, () => program.profile(SAMPLES));
  for (let i = profiles; i < encoded.length; i += profiles)
    [encoded[i - 1], encoded[i]] = [encoded[i]!, encoded[i - 1]!];
  return Array.from({ length: blocks }, (_, number) => {
    const merger = new ProfileMerger();
    for (const each of encoded.slice(number * profiles, (number + 1) * profiles))
      merger.add(decodeProfileColumns(each));
    const sink = new MemoryPartSink();
    const identity = { tenant: "anonymous", shard: 1, level: 2, createdBy: "" };
    const writer = new BlockWriter(identity, sink, { rollups: true });
    writer.addDataset("anonymous", program.service, merger.build());
    return { meta: writer.finish(`block-${number}`), bytes: sink.build() };
  });
}

/** The same blocks to whoever knows nothing of rollups. */
export function withoutRollups(blocks: readonly StoredBlock[]): StoredBlock[] {
  return blocks.map(({ meta, bytes }) => ({ meta: hideRollups(meta), bytes }));
}

function hideRollups(meta: BlockMeta): BlockMeta {
  const datasets = meta.datasets.map((dataset) => ({
    ...dataset,
    sections: dataset.sections.filter(({ kind }) => kind !== "rollup"),
  }));
  return { ...meta, datasets };
}
