export { distributorSettings, type DistributorSettings } from "./config.ts";
export { PlacementRouter, type KnownWriter } from "./delivery/placement-router.ts";
export type { Route, Router, SegmentWriterClient } from "./delivery/writer-client.ts";
export { DistributorService, type DistributorServiceDeps } from "./service.ts";
