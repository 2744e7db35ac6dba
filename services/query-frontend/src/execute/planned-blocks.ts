import { create } from "@bufbuild/protobuf";
import { deletionsOfBlock } from "@hearth/deletions";
import { type BlockMeta, type Dataset, SectionKind } from "@hearth/proto/hearth/block/v1";
import {
  BlockDeletionsSchema,
  type BlockDeletions,
  type DataDeletion,
  type QueryMetadataResponse,
} from "@hearth/proto/hearth/metastore/v1";
import type { InvokeRequest } from "@hearth/proto/hearth/query/v1";
import type { BlockToRead } from "@hearth/query-plan";

import { metadataSizeBytes } from "./metadata-size.ts";

/** A block with its metadata, as the plan sees it. */
export interface PlannedBlock extends BlockToRead {
  readonly meta: BlockMeta;
  /** Of the metadata itself. */
  readonly metaSizeBytes: number;
  /** Equal for the same datasets of the same block under the same deletions: what is seen of these never changes. */
  readonly datasetsKey: string;
  /** Rows that they cover do not count. */
  readonly deletions: readonly DataDeletion[];
}

const NO_DELETIONS: readonly DataDeletion[] = [];

/** Sections that kinds of queries read. */
export const LABEL_SECTIONS: readonly SectionKind[] = [SectionKind.SERIES];
export const TIME_SERIES_SECTIONS: readonly SectionKind[] = [...LABEL_SECTIONS, SectionKind.PROFILES];
export const TREE_SECTIONS: readonly SectionKind[] = [
  ...TIME_SERIES_SECTIONS,
  SectionKind.NAMES,
  SectionKind.TREE,
  SectionKind.SAMPLES,
];
export const PPROF_SECTIONS: readonly SectionKind[] = [...TREE_SECTIONS, SectionKind.SYMBOLS];

/** By sections, then block: a metastore in this process hands out the same metadata again and again. */
const planned = new WeakMap<readonly SectionKind[], WeakMap<BlockMeta, PlannedBlock>>();

/** @param sections - what the query reads of each dataset: one of the lists above, since answers are kept by it. */
export function plannedBlock(meta: BlockMeta, sections: readonly SectionKind[]): PlannedBlock {
  let blocks = planned.get(sections);
  if (!blocks) planned.set(sections, (blocks = new WeakMap()));
  let block = blocks.get(meta);
  if (!block) blocks.set(meta, (block = planBlock(meta, sections)));
  return block;
}

/** The blocks that a metastore answers, each with the deletions that touch it. */
export function plannedBlocks(
  { blocks, deletions, blockDeletions }: QueryMetadataResponse,
  sections: readonly SectionKind[],
): PlannedBlock[] {
  const touching = deletionsOfBlock(blockDeletions, deletions);
  return blocks.map((meta, position) => {
    const block = plannedBlock(meta, sections);
    const own = touching.get(position);
    if (!own) return block;
    const numbers = own.map(({ number }) => number).join();
    return { ...block, deletions: own, datasetsKey: `${block.datasetsKey}!${numbers}` };
  });
}

/** What a leaf is told of the deletions that touch its blocks. */
export function leafDeletions(
  blocks: readonly PlannedBlock[],
): Partial<Pick<InvokeRequest, "deletions" | "blockDeletions">> {
  if (blocks.every(({ deletions }) => deletions.length === 0)) return {};
  const positions = new Map<DataDeletion, number>();
  const blockDeletions: BlockDeletions[] = [];
  for (const [block, { deletions }] of blocks.entries()) {
    if (deletions.length === 0) continue;
    for (const deletion of deletions) if (!positions.has(deletion)) positions.set(deletion, positions.size);
    const own = deletions.map((deletion) => positions.get(deletion)!);
    blockDeletions.push(create(BlockDeletionsSchema, { block, deletions: own }));
  }
  return { deletions: [...positions.keys()], blockDeletions };
}

function planBlock(meta: BlockMeta, sections: readonly SectionKind[]): PlannedBlock {
  return {
    meta,
    deletions: NO_DELETIONS,
    metaSizeBytes: metadataSizeBytes(meta),
    datasetsKey: `${meta.id}/${meta.datasets.map(({ offset }) => offset).join()}`,
    id: meta.id,
    shard: meta.shard,
    ...datasetTimes(meta),
    readBytes: meta.datasets.reduce((sum, dataset) => sum + sectionBytes(dataset, sections), 0),
  };
}

/** Of the datasets that match: a segment may hold much older profiles of others. */
function datasetTimes({ datasets }: BlockMeta): Pick<PlannedBlock, "minTimeMs" | "maxTimeMs"> {
  let minTimeMs = Infinity;
  let maxTimeMs = -Infinity;
  for (const dataset of datasets) {
    minTimeMs = Math.min(minTimeMs, Number(dataset.minTimeMs));
    maxTimeMs = Math.max(maxTimeMs, Number(dataset.maxTimeMs));
  }
  return { minTimeMs, maxTimeMs };
}

/** Stored bytes of the named sections of a dataset. */
export function sectionBytes(dataset: Dataset, sections: readonly SectionKind[]): number {
  let sum = 0;
  for (const { kind, sizeBytes } of dataset.sections) if (sections.includes(kind)) sum += Number(sizeBytes);
  return sum;
}
