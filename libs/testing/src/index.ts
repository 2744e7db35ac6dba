export { buildPprof, type FrameSketch, type PprofSketch, type SampleSketch } from "./pprof-builder.ts";
export { ProtoWriter } from "./proto-writer.ts";
