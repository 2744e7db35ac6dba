import { type BlockMeta, type Dataset, SectionKind } from "@hearth/proto/hearth/block/v1";
import type { BlockToRead } from "@hearth/query-plan";

import { metadataSizeBytes } from "./metadata-size.ts";

/** A block with its metadata, as the plan sees it. */
export interface PlannedBlock extends BlockToRead {
  readonly meta: BlockMeta;
  /** Of the metadata itself. */
  readonly metaSizeBytes: number;
  /** Equal for the same datasets of the same block, whose contents never change. */
  readonly datasetsKey: string;
}

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

function planBlock(meta: BlockMeta, sections: readonly SectionKind[]): PlannedBlock {
  return {
    meta,
    metaSizeBytes: metadataSizeBytes(meta),
    datasetsKey: `${meta.id}/${meta.datasets.map(({ offset }) => offset).join()}`,
    id: meta.id,
    shard: meta.shard,
    level: meta.level,
    minTimeMs: Number(meta.minTimeMs),
    maxTimeMs: Number(meta.maxTimeMs),
    readBytes: meta.datasets.reduce((sum, dataset) => sum + sectionBytes(dataset, sections), 0),
  };
}

/** Stored bytes of the named sections of a dataset. */
export function sectionBytes(dataset: Dataset, sections: readonly SectionKind[]): number {
  let sum = 0;
  for (const { kind, sizeBytes } of dataset.sections) if (sections.includes(kind)) sum += Number(sizeBytes);
  return sum;
}
