import { sharedSchemas, type AllSettings } from "@hearth/config";
import { compactionWorkerSettings } from "@hearth/compaction-worker";
import { distributorSettings } from "@hearth/distributor";
import { metastoreSettings } from "@hearth/metastore";
import { queryBackendSettings } from "@hearth/query-backend";
import { queryFrontendSettings } from "@hearth/query-frontend";
import { segmentWriterSettings } from "@hearth/segment-writer";
import { limitsSettings, runtimeConfigSettings } from "@hearth/tenant-limits";
import { addressSettings } from "./address-settings.ts";

/** Every setting of a process, whatever parts it runs. */
export const schemas = {
  ...sharedSchemas,
  addresses: addressSettings,
  distributor: distributorSettings,
  segmentWriter: segmentWriterSettings,
  metastore: metastoreSettings,
  compactionWorker: compactionWorkerSettings,
  queryFrontend: queryFrontendSettings,
  queryBackend: queryBackendSettings,
  limits: limitsSettings,
  runtimeConfig: runtimeConfigSettings,
};

export type HearthSettings = AllSettings<typeof schemas>;
