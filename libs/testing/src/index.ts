export { goCpuProfile, type GoCpuProfileOptions } from "./go-cpu-profile.ts";
export { ManualClock, settled } from "./manual-clock.ts";
export { buildPprof, type FrameSketch, type PprofSketch, type SampleSketch } from "./pprof-builder.ts";
export { ProtoWriter } from "./proto-writer.ts";
export {
  buildProfileColumns,
  buildSymbols,
  sketchRows,
  stackOf,
  type RowSketch,
  type SampleOfRow,
} from "./profile-columns-builder.ts";
