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
  setting,
  type Fields,
  type Setting,
  type SettingsOf,
  type SettingsSchema,
  type Values,
} from "./setting.ts";
export { loggingSettings } from "./schemas/logging.ts";
export { type Target } from "./schemas/process.ts";
export { sharedSchemas } from "./schemas/shared-schemas.ts";
export { YamlFile, type Assignment, type UnknownKey } from "./yaml-settings.ts";
