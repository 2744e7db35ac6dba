import { invariant } from "@hearth/errors";
import { environmentName, type Setting, type SettingsOf, type SettingsSchema } from "./setting.ts";

/** The schemas of a process by the name that its settings get: `{ server: serverSettings, … }`. */
export type Schemas = Readonly<Record<string, SettingsSchema>>;

/** The values of all schemas. */
export type AllSettings<S extends Schemas> = { readonly [K in keyof S]: SettingsOf<S[K]> };

/** A setting and where its value goes. */
export interface Entry {
  readonly schema: string;
  readonly field: string;
  readonly setting: Setting<unknown>;
}

/** The settings of a process, by each of their names. */
export interface Catalog {
  readonly entries: readonly Entry[];
  readonly byFlag: ReadonlyMap<string, Entry>;
  readonly byEnvironment: ReadonlyMap<string, Entry>;
  readonly byYamlPath: ReadonlyMap<string, Entry>;
  /** Paths that lead to settings and are none themselves, such as `server`. */
  readonly yamlSections: ReadonlySet<string>;
}

/** @throws {InvariantError} if two settings share a name. */
export function buildCatalog(schemas: Schemas): Catalog {
  const entries = Object.entries(schemas).flatMap(([schema, { fields }]) =>
    Object.entries(fields).map(([field, setting]): Entry => ({ schema, field, setting })),
  );
  const byYamlPath = indexBy(entries, ({ setting }) => [setting.yaml, ...setting.yamlAliases]);
  return {
    entries,
    byFlag: indexBy(entries, ({ setting }) => [setting.flag, ...setting.flagAliases]),
    byEnvironment: indexBy(entries, ({ setting }) => [environmentName(setting)]),
    byYamlPath,
    yamlSections: new Set([...byYamlPath.keys()].flatMap(sectionsAbove)),
  };
}

function indexBy(
  entries: readonly Entry[],
  namesOf: (entry: Entry) => readonly (string | undefined)[],
): Map<string, Entry> {
  const index = new Map<string, Entry>();
  for (const entry of entries) {
    for (const name of namesOf(entry)) {
      if (name === undefined) continue;
      invariant(!index.has(name), `two settings are called ${name}`);
      index.set(name, entry);
    }
  }
  return index;
}

/** `a.b.c` → `a`, `a.b`. */
function sectionsAbove(path: string): string[] {
  const keys = path.split(".");
  return keys.slice(1).map((_, index) => keys.slice(0, index + 1).join("."));
}
