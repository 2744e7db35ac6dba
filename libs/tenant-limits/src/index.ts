export { combineQueryLimits, type QueryLimits } from "./combine-limits.ts";
export { limitsSettings, type TenantLimits } from "./limits-schema.ts";
export { OverridesError } from "./overrides-file.ts";
export { renderOverrides } from "./render-overrides.ts";
export { runtimeConfigSettings, type RuntimeConfigSettings } from "./runtime-config-settings.ts";
export type { IngestionLimit, RelabelRule, SamplingRules } from "./structured-limits.ts";
export { fixedLimits, RuntimeLimits, type LimitsSource, type RuntimeLimitsDeps } from "./tenant-limits.ts";
