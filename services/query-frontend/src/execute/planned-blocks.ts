import { type BlockMeta, type Dataset, SectionKind } from "@hearth/proto/hearth/block/v1";
import type { BlockToRead } from "@hearth/query-plan";

/** A block with its metadata, as the plan sees it. */
export interface PlannedBlock extends BlockToRead {
  readonly meta: BlockMeta;
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

/** @param sections - what the query reads of each dataset. */
export function plannedBlock(meta: BlockMeta, sections: readonly SectionKind[]): PlannedBlock {
  return {
    meta,
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
  return dataset.sections
    .filter(({ kind }) => sections.includes(kind))
    .reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0);
}
