import { isDeepStrictEqual } from "node:util";
import { stringify } from "yaml";
import type { AllSettings, Entry, Schemas } from "./catalog.ts";
import { buildCatalog } from "./catalog.ts";

/** What to show: all settings, those that differ from their defaults, or the defaults. */
export type RenderMode = "current" | "diff" | "default";

/**
 * The settings as a configuration file, secrets masked. Given back with `-config.file` it yields the same settings,
 * but for secrets and for those that only flags can give.
 */
export function renderSettings<S extends Schemas>(
  schemas: S,
  settings: AllSettings<S>,
  mode: RenderMode,
): string {
  return stringify(settingsObject(schemas, settings, mode), { lineWidth: 0, aliasDuplicateObjects: false });
}

/** As {@link renderSettings}, as plain data. */
export function settingsObject<S extends Schemas>(
  schemas: S,
  settings: AllSettings<S>,
  mode: RenderMode,
): Record<string, unknown> {
  const values = settings as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const root: Record<string, unknown> = {};
  for (const entry of buildCatalog(schemas).entries) {
    const { kind, yaml, default: byDefault } = entry.setting;
    const value = mode === "default" ? byDefault : valueOf(values, entry);
    const isShown = mode !== "diff" || !isDeepStrictEqual(value, byDefault);
    if (yaml !== undefined && isShown) setPath(root, yaml.split("."), kind.toYaml(value));
  }
  return root;
}

function valueOf(values: Readonly<Record<string, Readonly<Record<string, unknown>>>>, entry: Entry): unknown {
  return values[entry.schema]?.[entry.field];
}

function setPath(root: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  const [key = "", ...rest] = keys;
  if (rest.length === 0) root[key] = value;
  else setPath((root[key] ??= {}) as Record<string, unknown>, rest, value);
}
