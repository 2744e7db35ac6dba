export type { ProfileColumns, RowColumns, SampleColumns, Series } from "./profile-columns.ts";
