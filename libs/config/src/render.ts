import { stringify } from "yaml";
import type { AllSettings, Entry, Schemas } from "./catalog.ts";
import { buildCatalog } from "./catalog.ts";

/**
 * The settings as a configuration file, secrets masked: `current` all of them, `diff` those that differ from their
 * defaults, `default` the defaults. Given back with `-config.file`, it gives the same settings (but for secrets).
 */
export function renderSettings<S extends Schemas>(
  schemas: S,
  settings: AllSettings<S>,
  mode: "current" | "diff" | "default",
): string {
  const values = settings as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const root: Record<string, unknown> = {};
  for (const entry of buildCatalog(schemas).entries) {
    const { kind, yaml, default: byDefault } = entry.setting;
    const value = mode === "default" ? byDefault : valueOf(values, entry);
    const isShown = mode !== "diff" || kind.print(value) !== kind.print(byDefault);
    if (yaml !== undefined && isShown) setPath(root, yaml.split("."), kind.toYaml(value));
  }
  return stringify(root, { lineWidth: 0 });
}

function valueOf(values: Readonly<Record<string, Readonly<Record<string, unknown>>>>, entry: Entry): unknown {
  return values[entry.schema]?.[entry.field];
}

function setPath(root: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  const [key = "", ...rest] = keys;
  if (rest.length === 0) root[key] = value;
  else setPath((root[key] ??= {}) as Record<string, unknown>, rest, value);
}
