export { metastoreSettings, type MetastoreSettings } from "./config.ts";
export { Metastore, type MetastoreDeps } from "./service.ts";
export type { LogRole, LogStatus } from "./replicated-log/replicated-log.ts";
