export { queryFrontendSettings, type QueryFrontendSettings } from "./config.ts";
export type { BackendClient, MetadataClient } from "./execute/clients.ts";
export type { QueryLimits } from "./request/query-limits.ts";
export { QueryFrontendService, type QueryFrontendDeps } from "./service.ts";
