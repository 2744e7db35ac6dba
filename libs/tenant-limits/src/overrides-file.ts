import { buildCatalog, judgeYamlPath, YamlFile, type Assignment, type UnknownKey } from "@hearth/config";
import { InvalidArgumentError } from "@hearth/errors";
import { isScalar } from "yaml";
import { limitsSettings, type TenantLimits } from "./limits-schema.ts";

/** What a tenant's limits are instead of the defaults. */
export type Overrides = ReadonlyMap<string, Partial<TenantLimits>>;

/** An overrides file that does not fit, with every problem in it. */
export class OverridesError extends InvalidArgumentError {}

const catalog = buildCatalog({ limits: limitsSettings });

/**
 * Reads `overrides: { <tenant>: { <limits key>: value } }`. Keys that the original has and that mean nothing here are
 * passed over.
 *
 * @throws {OverridesError} for anything else.
 */
export function parseOverrides(fileName: string, text: string): Overrides {
  const file = new YamlFile(fileName, text);
  const overrides = new Map<string, Partial<TenantLimits>>();
  for (const { key, value } of file.root?.items ?? []) {
    if (keyText(key) !== "overrides") {
      file.report(key, `unknown key ${keyText(key)}`);
      continue;
    }
    for (const tenant of file.asMap(value, "overrides")?.items ?? []) {
      const limits = file.asMap(tenant.value, `the overrides of ${keyText(tenant.key)}`);
      const firstProblem = file.problems.length;
      const assignments = limits ? file.readSettings(limits, catalog, "limits", judge) : [];
      nameTenant(file.problems, firstProblem, keyText(tenant.key));
      overrides.set(keyText(tenant.key), toLimits(assignments));
    }
  }
  if (file.problems.length > 0) throw new OverridesError(`invalid overrides: ${file.problems.join("; ")}`);
  return overrides;
}

/** Merges the overrides of several files; for a limit that several give, the last wins. */
export function mergeOverrides(files: readonly Overrides[]): Overrides {
  const merged = new Map<string, Partial<TenantLimits>>();
  for (const overrides of files) {
    for (const [tenant, limits] of overrides) merged.set(tenant, { ...merged.get(tenant), ...limits });
  }
  return merged;
}

/** A line number says little about whose limits are wrong. */
function nameTenant(problems: string[], first: number, tenant: string): void {
  for (let index = first; index < problems.length; index++) problems[index] += ` (tenant ${tenant})`;
}

function judge(path: string, value: unknown): UnknownKey {
  return judgeYamlPath(path, value)?.type === "ignored" ? "ignored" : "unknown";
}

function toLimits(assignments: readonly Assignment[]): Partial<TenantLimits> {
  return Object.fromEntries(assignments.map(({ entry, value }) => [entry.field, value]));
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}
