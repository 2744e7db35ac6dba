export { queryFrontendSettings, type QueryFrontendSettings } from "./config.ts";
export type { BackendClient, MetadataClient } from "./execute/clients.ts";
export { defineMetrics, type QueryFrontendMetrics } from "./metrics.ts";
export { querierService } from "./querier-service.ts";
export { registerRenderRoutes, type RenderRoutesDeps } from "./render/routes.ts";
export type { QueryLimits } from "./request/query-limits.ts";
export { QueryFrontendService, type QueryFrontendDeps } from "./service.ts";
