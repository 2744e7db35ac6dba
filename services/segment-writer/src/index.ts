export { buildThreads, segmentWriterSettings, type SegmentWriterSettings } from "./config.ts";
export type { BlockIndex } from "./registration/block-registrar.ts";
export { SegmentWriterService, type SegmentWriterServiceDeps } from "./service.ts";
