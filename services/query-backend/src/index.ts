export { queryBackendSettings, type QueryBackendSettings } from "./config.ts";
export { QueryBackend, type QueryBackendDeps } from "./service.ts";
