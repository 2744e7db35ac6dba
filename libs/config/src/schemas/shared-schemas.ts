import { loggingSettings } from "./logging.ts";
import { metricsSettings } from "./metrics.ts";
import { processSettings } from "./process.ts";
import { selfProfilingSettings } from "./self-profiling.ts";
import { serverSettings } from "./server.ts";
import { storageSettings } from "./storage.ts";
import { tracingSettings } from "./tracing.ts";

/** What every process has; the composition root adds the schemas of the services. */
export const sharedSchemas = {
  process: processSettings,
  server: serverSettings,
  logging: loggingSettings,
  metrics: metricsSettings,
  tracing: tracingSettings,
  storage: storageSettings,
  selfProfiling: selfProfilingSettings,
};
