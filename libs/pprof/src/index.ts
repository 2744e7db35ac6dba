export { decodePprof, type DecodePprofOptions } from "./decode-pprof.ts";
export { encodePprofJson } from "./encode-pprof-json.ts";
export { encodePprof } from "./encode-pprof.ts";
export { int64ToBigInt } from "./growing-columns.ts";
export { gunzipBounded, isGzip, ProfileTooLargeError } from "./gunzip.ts";
export { UNKNOWN } from "./pprof-profile.ts";
export type { EncodePprofInput, TypeAndUnit } from "./pprof-tables.ts";
export type {
  PprofFunctions,
  PprofLabels,
  PprofLines,
  PprofLocations,
  PprofMappings,
  PprofProfile,
  PprofSamples,
  PprofStrings,
  PprofValueType,
} from "./pprof-profile.ts";
