import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLMap,
} from "yaml";
import type { Catalog, Entry } from "./catalog.ts";
import { closest } from "./closest.ts";
import { BadValue } from "./kind.ts";

/** A setting and the value that some source gives it. */
export interface Assignment {
  readonly entry: Entry;
  readonly value: unknown;
}

/** What a key is that no schema knows: a mistake, something to pass over, or something to complain about. */
export type UnknownKey = "unknown" | "ignored" | { readonly problem: string };

type Judge = (path: string, value: unknown) => UnknownKey;

/**
 * A YAML file being read. Everything that is wrong with it is collected with its line and column, so that all of it
 * can be said at once.
 */
export class YamlFile {
  readonly problems: string[] = [];
  readonly #name: string;
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();

  constructor(name: string, text: string) {
    this.#name = name;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    for (const error of this.#document.errors) this.#report(error.pos[0], error.message);
  }

  /** The mapping at the top of the file; `undefined` if the file is empty or broken. */
  get root(): YAMLMap | undefined {
    const { contents } = this.#document;
    if (contents === null || this.problems.length > 0 || isNull(contents)) return undefined;
    return this.asMap(contents, "the file");
  }

  /** The node as a mapping; reports what is none. An empty value counts as an empty mapping. */
  asMap(node: unknown, what: string): YAMLMap | undefined {
    const target = this.#resolve(node);
    if (isMap(target)) return target;
    if (!isNull(target)) this.report(node, `${what} must be a mapping`);
    return undefined;
  }

  report(node: unknown, problem: string): void {
    this.#report((node as Node | null)?.range?.[0] ?? 0, problem);
  }

  /**
   * Reads the settings in `map`, whose keys are looked up below `basePath` (`""` at the top of a configuration file,
   * `limits` for a tenant's overrides). An empty value leaves a setting as it is.
   *
   * @param judge - says what an unknown key is.
   */
  readSettings(
    map: YAMLMap,
    catalog: Catalog,
    basePath: string,
    judge: Judge = () => "unknown",
  ): Assignment[] {
    const assignments: Assignment[] = [];
    for (const { key, value } of map.items) {
      const path = basePath === "" ? keyText(key) : `${basePath}.${keyText(key)}`;
      const entry = catalog.byYamlPath.get(path);
      if (entry !== undefined) {
        if (value !== null && !isNull(value))
          assignments.push(...this.#readValue(entry, value as Node, path));
      } else if (catalog.yamlSections.has(path)) {
        const section = value === null ? undefined : this.asMap(value, path);
        if (section) assignments.push(...this.readSettings(section, catalog, path, judge));
      } else {
        assignments.push(...this.#readUnknown({ key, value, path }, catalog, judge));
      }
    }
    return assignments;
  }

  /** A mapping that nobody knows is looked into: a section may hold only what is ignored. */
  #readUnknown(
    { key, value, path }: { key: unknown; value: unknown; path: string },
    catalog: Catalog,
    judge: Judge,
  ): Assignment[] {
    const verdict = judge(path, this.#plain(value));
    if (verdict === "ignored") return [];
    const section = this.#resolve(value);
    if (verdict === "unknown" && isMap(section) && section.items.length > 0) {
      return this.readSettings(section, catalog, path, judge);
    }
    this.report(key, verdict === "unknown" ? unknownKey(path, catalog) : `${path} ${verdict.problem}`);
    return [];
  }

  #readValue(entry: Entry, node: Node, path: string): Assignment[] {
    try {
      return [{ entry, value: entry.setting.kind.read(node, this.#document) }];
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.report(node, `${path} ${error.message}`);
      return [];
    }
  }

  #resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }

  #plain(node: unknown): unknown {
    return isNode(node) ? node.toJS(this.#document) : node;
  }

  #report(offset: number, problem: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.problems.push(`${this.#name}:${line}:${col}: ${problem}`);
  }
}

function unknownKey(path: string, catalog: Catalog): string {
  const known = closest(path, catalog.byYamlPath.keys());
  return `unknown key ${path}${known === undefined ? "" : ` (did you mean ${known}?)`}`;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function isNull(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null);
}
