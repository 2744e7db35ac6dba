export { decodeProfileColumns, encodeProfileColumns } from "./encode-profile-columns.ts";
export type { ProfileColumns, RowColumns, SampleColumns, Series } from "./profile-columns.ts";
export { ProfileMerger } from "./profile-merger.ts";
export { seriesKey } from "./series-key.ts";
export { profileIdOf, type ProfileContent } from "./profile-id.ts";
export { RowBuilder, type ProfileHead, type SampleGroup } from "./row-builder.ts";
export { compareBytes } from "@hearth/labels";
export { seriesOf, type SeriesLabelRules, type SeriesType, type TypeAndUnit } from "./series-labels.ts";
export { xxHash64 } from "./xx-hash.ts";
