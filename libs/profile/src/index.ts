export { decodeProfileColumns, encodeProfileColumns } from "./encode-profile-columns.ts";
export type { ProfileColumns, RowColumns, SampleColumns, Series } from "./profile-columns.ts";
export { ProfileMerger } from "./profile-merger.ts";
export { seriesKey } from "./series-key.ts";
