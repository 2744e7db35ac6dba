export type { IngestHints, PrepareInput, PrepareLimits, Relabel, Relabeling } from "./prepare-input.ts";
export { preparePprof } from "./prepare-pprof.ts";
export type {
  DiscardReason,
  PrepareCounts,
  PreparedProfile,
  PrepareOutcome,
  RejectedProfile,
  ServiceProfile,
} from "./prepared-profile.ts";
