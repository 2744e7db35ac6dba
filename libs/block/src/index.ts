export type {
  BlockMeta,
  BlockOrigin,
  DatasetMeta,
  Section,
  SectionCodec,
  SectionKind,
} from "./block-meta.ts";
export { INDEXED_LABELS } from "./block-meta.ts";
export { BlockWriter, type BlockIdentity } from "./block-writer.ts";
export { buildSegment, type BuiltSegment, type SegmentDataset, type SegmentInput } from "./build-segment.ts";
export type { CallTree } from "./call-tree.ts";
export {
  blockMetaFromWire,
  blockMetaToWire,
  decodeBlockMeta,
  encodeBlockMeta,
} from "./codec/block-meta-codec.ts";
export { fetchSections, type RangeReader } from "./dataset-reader.ts";
export { fetchBlockMeta, type FetchedBlockMeta } from "./fetch-block-meta.ts";
export type {
  MergedBlock,
  MergeDeletions,
  MergeInput,
  MergeResult,
  MergeSource,
} from "./merge/block-merge.ts";
export { FaultySourcesError, type SourceFault } from "./merge/faulty-sources-error.ts";
export { mergeBlocks } from "./merge/merge-blocks.ts";
export { MemoryPartSink, type PartSink } from "./part-sink.ts";
export { readBlockMeta } from "./read-block-meta.ts";
export { type MarkedProfiles, type ProfileEnds, profileMarks } from "./profile-ends.ts";
export { PROFILE_TYPE_LABEL, type Rollup } from "./roll-up.ts";
export { decodeProfiles, type StoredRows } from "./sections/profiles-section.ts";
export { type DatasetRollups, decodeRollups } from "./sections/rollup-section.ts";
export { decodeSamples } from "./sections/samples-section.ts";
export { decodeSeriesSection } from "./sections/series-section.ts";
export { decodeSymbols } from "./sections/symbols-section.ts";
export { decodeNames, decodeTree } from "./sections/tree-section.ts";
export { type Tier, TIERS, tierOfLevel } from "./tiers.ts";
