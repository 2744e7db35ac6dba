export { decodingThreads, distributorSettings, type DistributorSettings } from "./config.ts";
export { PlacementRouter } from "./delivery/placement-router.ts";
export type { KnownWriter, Route, Router, SegmentWriterClient } from "./delivery/writer-client.ts";
export { DistributorService, type DistributorServiceDeps } from "./service.ts";
