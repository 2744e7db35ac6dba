export { buildCatalog, type AllSettings, type Catalog, type Entry, type Schemas } from "./catalog.ts";
export { judgeYamlPath, type CompatVerdict } from "./compat-flags.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export { loadSettings, SettingsError, sourceSettings, type LoadInput, type LoadOutcome } from "./load.ts";
export { modulesText } from "./modules.ts";
export { settingsReference } from "./reference.ts";
export { renderSettings, settingsObject, type RenderMode } from "./render.ts";
export {
  defaultsOf,
  defineSettings,
  environmentName,
  setting,
  type Fields,
  type Setting,
  type SettingsOf,
  type SettingsSchema,
  type Values,
} from "./setting.ts";
export { loggingSettings, type LoggingSettings } from "./schemas/logging.ts";
export { metricsSettings, type MetricsSettings } from "./schemas/metrics.ts";
export { processSettings, TARGETS, type ProcessSettings, type Target } from "./schemas/process.ts";
export { selfProfilingSettings, type SelfProfilingSettings } from "./schemas/self-profiling.ts";
export { serverSettings, type ServerSettings } from "./schemas/server.ts";
export { sharedSchemas } from "./schemas/shared-schemas.ts";
export { storageSettings, type StorageSettings } from "./schemas/storage.ts";
export { tracingSettings, type TracingSettings } from "./schemas/tracing.ts";
export { YamlFile, type Assignment, type UnknownKey } from "./yaml-settings.ts";
