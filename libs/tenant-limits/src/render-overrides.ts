import { settingsObject, type RenderMode } from "@hearth/config";
import { stringify } from "yaml";
import { limitsSettings, type TenantLimits } from "./limits-schema.ts";

/** The answer of `/runtime_config`: the limits of the tenants that have overrides; `diff`: only what is not built in. */
export function renderOverrides(
  overridden: ReadonlyMap<string, TenantLimits>,
  mode: Exclude<RenderMode, "default">,
): string {
  const tenants = [...overridden].map(([tenant, limits]) => {
    const { limits: shown = {} } = settingsObject({ limits: limitsSettings }, { limits }, mode);
    return [tenant, shown] as const;
  });
  return stringify({ overrides: Object.fromEntries(tenants) }, { lineWidth: 0 });
}
