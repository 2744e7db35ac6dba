import { InvalidArgumentError } from "@hearth/errors";
import { buildCatalog, type AllSettings, type Catalog, type Entry, type Schemas } from "./catalog.ts";
import { closest } from "./closest.ts";
import { judgeFlag, judgeYamlPath, type CompatVerdict } from "./compat-flags.ts";
import { expandVariables } from "./expand-variables.ts";
import { parseFlags, type FlagShape, type GivenFlag } from "./flags.ts";
import { helpText } from "./help.ts";
import { BadValue } from "./kind.ts";
import { defineSettings, setting } from "./setting.ts";
import { YamlFile, type UnknownKey } from "./yaml-settings.ts";

/** Everything that is wrong with the settings, one line each. Start-up stops. */
export class SettingsError extends InvalidArgumentError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`invalid settings:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

export interface LoadInput {
  /** The arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the configuration file as text. */
  readonly readFile: (path: string) => string;
  /** The answer of `-version`. */
  readonly versionText: string;
  /** The answer of `-modules`. */
  readonly modulesText: string;
}

export type LoadOutcome<S extends Schemas> =
  | { readonly type: "run"; readonly settings: AllSettings<S>; readonly warnings: readonly string[] }
  /** `-help` and the like: print the text, exit with 0. */
  | { readonly type: "print"; readonly text: string };

/** Where the other settings come from; the only ones that the configuration file itself cannot give. */
export const sourceSettings = defineSettings("Configuration file", {
  configFile: setting.string({
    flag: "config.file",
    yaml: false,
    default: "",
    common: true,
    doc: "YAML file with settings.",
  }),
  expandEnv: setting.bool({
    flag: "config.expand-env",
    yaml: false,
    default: false,
    common: true,
    doc: "Replace ${NAME} and ${NAME:-default} in the YAML file by environment variables.",
  }),
});

/**
 * Reads the settings of a process: defaults, then the YAML file, then `HEARTH_…` variables, then flags; the later wins.
 * Settings of the original that mean nothing here are accepted with a warning, so that existing command lines, charts
 * and files work; anything else unknown is refused.
 *
 * @throws {SettingsError} with all problems.
 */
export function loadSettings<S extends Schemas>(schemas: S, input: LoadInput): LoadOutcome<S> {
  const loader = new Loader({ source: sourceSettings, ...schemas });
  const text = loader.readFlags(input);
  if (text !== undefined) return { type: "print", text };
  loader.readEnvironment(input.env);
  loader.readFile(input);
  const settings = loader.finish() as AllSettings<S>;
  return { type: "run", settings, warnings: loader.warnings() };
}

/** Later sources have higher numbers, in whatever order they are read. */
const RANK = { default: 0, file: 1, environment: 2, flag: 3 } as const;

class Loader {
  readonly #schemas: Schemas;
  readonly #catalog: Catalog;
  readonly #values = new Map<Entry, { value: unknown; rank: number }>();
  readonly #problems: string[] = [];
  /** Ignored names by the reason. */
  readonly #ignored = new Map<string, string[]>();

  constructor(schemas: Schemas) {
    this.#schemas = schemas;
    this.#catalog = buildCatalog(schemas);
    for (const entry of this.#catalog.entries) this.#assign(entry, entry.setting.default, RANK.default);
  }

  /** Returns the text to print, if a flag asks for that. */
  readFlags(input: LoadInput): string | undefined {
    const { flags, problems } = parseFlags(input.argv, (name) => this.#shapeOf(name));
    const asked = new Set(flags.map((flag) => flag.name));
    if (asked.has("help-all")) return helpText(this.#catalog, "all");
    if (asked.has("help") || asked.has("h")) return helpText(this.#catalog, "common");
    if (asked.has("version")) return input.versionText;
    if (asked.has("modules")) return input.modulesText;
    this.#problems.push(...problems);
    for (const flag of flags) this.#readFlag(flag);
    return undefined;
  }

  readEnvironment(env: Readonly<Record<string, string | undefined>>): void {
    for (const [name, text] of Object.entries(env)) {
      if (!name.startsWith("HEARTH_") || text === undefined) continue;
      const entry = this.#catalog.byEnvironment.get(name);
      if (entry !== undefined) this.#parse(entry, text, { where: name, rank: RANK.environment });
      else if (!isServiceLink(name)) this.#unknown(name, this.#catalog.byEnvironment.keys());
    }
  }

  readFile(input: LoadInput): void {
    const { configFile, expandEnv } = this.#valuesOf("source");
    if (typeof configFile !== "string" || configFile === "") return;
    const text = this.#readText(configFile, input.readFile);
    if (text === undefined) return;
    const file = new YamlFile(configFile, expandEnv === true ? expandVariables(text, input.env) : text);
    const { root } = file;
    const assignments = root
      ? file.readSettings(root, this.#catalog, "", (path, value) =>
          this.#judged(path, judgeYamlPath(path, value)),
        )
      : [];
    this.#problems.push(...file.problems);
    for (const { entry, value } of assignments) this.#assign(entry, value, RANK.file);
  }

  finish(): Readonly<Record<string, unknown>> {
    const settings = Object.entries(this.#schemas).map(([name]) => [name, this.#valuesOf(name)] as const);
    if (this.#problems.length === 0) {
      for (const [name, values] of settings)
        this.#problems.push(...(this.#schemas[name]?.check(values) ?? []));
    }
    if (this.#problems.length > 0) throw new SettingsError(this.#problems);
    return Object.fromEntries(settings);
  }

  warnings(): string[] {
    return [...this.#ignored].map(
      ([reason, names]) => `settings without effect, ${reason}: ${names.join(", ")}`,
    );
  }

  #shapeOf(name: string): FlagShape {
    if (["help", "help-all", "h", "version", "modules"].includes(name)) return "bool";
    const entry = this.#catalog.byFlag.get(name);
    if (entry === undefined) return "unknown";
    return entry.setting.kind.name === "bool" ? "bool" : "value";
  }

  #readFlag({ name, value }: GivenFlag): void {
    const entry = this.#catalog.byFlag.get(name);
    if (entry !== undefined) {
      const text = value ?? (entry.setting.kind.name === "bool" ? "true" : undefined);
      if (text === undefined) this.#problems.push(`-${name} needs a value`);
      else this.#parse(entry, text, { where: `-${name}`, rank: RANK.flag });
      return;
    }
    const verdict = this.#judged(`-${name}`, judgeFlag(name, value));
    if (verdict === "unknown")
      this.#unknown(
        `-${name}`,
        [...this.#catalog.byFlag.keys()].map((known) => `-${known}`),
      );
    else if (verdict !== "ignored") this.#problems.push(`-${name} ${verdict.problem}`);
  }

  /** Remembers what is ignored, for the warnings. */
  #judged(name: string, verdict: CompatVerdict | undefined): UnknownKey {
    if (verdict === undefined) return "unknown";
    if (verdict.type === "refused") return { problem: `is not supported: ${verdict.reason}` };
    this.#ignored.set(verdict.reason, [...(this.#ignored.get(verdict.reason) ?? []), name]);
    return "ignored";
  }

  #unknown(name: string, known: Iterable<string>): void {
    const similar = closest(name, known);
    this.#problems.push(
      `unknown setting ${name}${similar === undefined ? "" : ` (did you mean ${similar}?)`}`,
    );
  }

  #parse(entry: Entry, text: string, source: { where: string; rank: number }): void {
    const { kind } = entry.setting;
    try {
      this.#assign(entry, kind.parse(text), source.rank);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.#problems.push(
        `${source.where} ${error.message}${kind.isSecret ? "" : `, not ${JSON.stringify(text)}`}`,
      );
    }
  }

  #assign(entry: Entry, value: unknown, rank: number): void {
    const before = this.#values.get(entry);
    if (before === undefined || rank >= before.rank) this.#values.set(entry, { value, rank });
  }

  #readText(path: string, readFile: (path: string) => string): string | undefined {
    try {
      return readFile(path);
    } catch (error) {
      this.#problems.push(
        `-config.file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      );
      return undefined;
    }
  }

  #valuesOf(schema: string): Readonly<Record<string, unknown>> {
    const entries = this.#catalog.entries.filter((entry) => entry.schema === schema);
    return Object.fromEntries(entries.map((entry) => [entry.field, this.#values.get(entry)?.value]));
  }
}

/**
 * Kubernetes puts the addresses of services into the environment; a service called `hearth` or `hearth-…` yields
 * `HEARTH_SERVICE_HOST`, `HEARTH_PORT`, `HEARTH_METASTORE_PORT_9095_TCP_ADDR` and the like.
 */
function isServiceLink(name: string): boolean {
  return /_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/u.test(
    name,
  );
}
