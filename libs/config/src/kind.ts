import { isAlias, isScalar, isSeq, type Document, type Node } from "yaml";
import type { ZodType } from "zod";
import { formatDuration, parseDuration } from "./duration.ts";

/** What a value is: how it is read from a text (flag, environment) or from YAML, and written again. */
export interface Kind<T> {
  /** For help texts: `int`, `duration`, … */
  readonly name: string;
  /** Whether its values are hidden wherever settings are shown. */
  readonly isSecret: boolean;
  /** @throws {BadValue} */
  parse(text: string): T;
  /** @throws {BadValue} */
  read(node: Node, document: Document): T;
  /** The value as text, for help and reference. */
  print(value: T): string;
  /** The value as it stands in a configuration file; secrets masked. */
  toYaml(value: T): unknown;
}

/** A value that does not fit; says what would: `must be …`. */
export class BadValue extends Error {
  override readonly name = "BadValue";
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

export const boolKind: Kind<boolean> = scalarKind({
  name: "bool",
  parse(text) {
    if (/^(?:1|t|true)$/iu.test(text)) return true;
    if (/^(?:0|f|false)$/iu.test(text)) return false;
    throw new BadValue("must be true or false");
  },
  toYaml: (value) => value,
});

/** Whole numbers, exact as doubles, within bounds. */
export function intKind(bounds: Bounds): Kind<number> {
  return scalarKind({
    name: "int",
    parse(text) {
      const value = Number(text);
      if (!/^[+-]?\d+$/u.test(text) || !Number.isSafeInteger(value)) throw new BadValue("must be an integer");
      return checkBounds(value, bounds, String);
    },
    toYaml: (value) => value,
  });
}

/** Numbers within bounds. */
export function floatKind(bounds: Bounds): Kind<number> {
  return scalarKind({
    name: "float",
    parse(text) {
      const value = Number(text);
      if (!/\d/u.test(text) || !Number.isFinite(value)) throw new BadValue("must be a number");
      return checkBounds(value, bounds, String);
    },
    toYaml: (value) => value,
  });
}

/** Bytes: a plain integer, or one with a unit (`64MiB`, `1GB`). */
export function sizeKind(bounds: Bounds): Kind<number> {
  const units: Readonly<Record<string, number>> = {
    "": 1,
    B: 1,
    KB: 1e3,
    MB: 1e6,
    GB: 1e9,
    TB: 1e12,
    KiB: 2 ** 10,
    MiB: 2 ** 20,
    GiB: 2 ** 30,
    TiB: 2 ** 40,
  };
  return scalarKind({
    name: "bytes",
    parse(text) {
      const [, count = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/u.exec(text) ?? [];
      const value = Number(count) * (units[unit] ?? Number.NaN);
      if (count === "" || !Number.isSafeInteger(value))
        throw new BadValue("must be bytes, such as 1048576 or 1MiB");
      return checkBounds(value, bounds, String);
    },
    toYaml: (value) => value,
  });
}

/** In milliseconds. Bounds, too. */
export function durationKind(bounds: Bounds): Kind<number> {
  return scalarKind({
    name: "duration",
    parse(text) {
      const value = parseDuration(text);
      if (value === undefined) throw new BadValue("must be a duration, such as 1h30m, 500ms or 7d");
      return checkBounds(value, bounds, formatDuration);
    },
    print: formatDuration,
  });
}

export const stringKind: Kind<string> = scalarKind({ name: "string", parse: (text) => text });

/** A text that is never printed. */
export const secretKind: Kind<string> = {
  ...scalarKind({ name: "string", parse: (text) => text, print: mask }),
  isSecret: true,
};

/** One of a few words. */
export function choiceKind<const C extends string>(oneOf: readonly C[]): Kind<C> {
  return scalarKind<C>({
    name: "string",
    parse(text) {
      const found = oneOf.find((choice) => choice === text);
      if (found === undefined) throw new BadValue(`must be one of ${oneOf.join(", ")}`);
      return found;
    },
  });
}

/** Texts separated by commas; in YAML also a sequence. Spaces around and empty items are dropped. */
export function listKind<const C extends string>(oneOf: readonly C[] | undefined): Kind<readonly C[]> {
  const item: Kind<string> = oneOf ? choiceKind(oneOf) : stringKind;
  const parseItems = (items: readonly string[]): C[] => items.map((text) => item.parse(text) as C);
  const kind = scalarKind<readonly C[]>({
    name: "list",
    parse: (text) =>
      parseItems(
        text
          .split(",")
          .map((part) => part.trim())
          .filter((part) => part !== ""),
      ),
    print: (value) => value.join(","),
  });
  return {
    ...kind,
    read(node, document) {
      const target = resolved(node, document);
      if (!isSeq(target)) return kind.read(target, document);
      return parseItems(target.items.map((child) => scalarText(child as Node, document)));
    },
  };
}

/** A value with a structure of its own, checked by `schema`. As text it is YAML (so JSON, too). */
export function structuredKind<T>(schema: ZodType<T>, parseYaml: (text: string) => unknown): Kind<T> {
  const check = (value: unknown): T => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    throw new BadValue(result.error.issues.map((issue) => describeIssue(issue)).join("; "));
  };
  return {
    name: "yaml",
    isSecret: false,
    parse: (text) => check(parseYaml(text)),
    read: (node, document) => check(resolved(node, document).toJS(document)),
    print: (value) => JSON.stringify(value) ?? "null",
    toYaml: (value) => value,
  };
}

/** A kind whose values are single YAML scalars, read from the text as it stands in the file: `0123` keeps its zero. */
function scalarKind<T>(parts: {
  name: string;
  parse: (text: string) => T;
  print?: (value: T) => string;
  toYaml?: (value: T) => unknown;
}): Kind<T> {
  const print = parts.print ?? String;
  return {
    name: parts.name,
    isSecret: false,
    parse: parts.parse,
    read: (node, document) => parts.parse(scalarText(node, document)),
    print,
    toYaml: parts.toYaml ?? print,
  };
}

function scalarText(node: Node, document: Document): string {
  const target = resolved(node, document);
  if (!isScalar(target)) throw new BadValue("must be a single value");
  return target.source ?? String(target.value);
}

function resolved(node: Node, document: Document): Node {
  if (!isAlias(node)) return node;
  const target = node.resolve(document);
  if (target === undefined) throw new BadValue("refers to an unknown anchor");
  return target;
}

function checkBounds(value: number, bounds: Bounds, print: (value: number) => string): number {
  const { min = -Infinity, max = Infinity } = bounds;
  if (value >= min && value <= max) return value;
  if (max === Infinity) throw new BadValue(`must be at least ${print(min)}`);
  if (min === -Infinity) throw new BadValue(`must be at most ${print(max)}`);
  throw new BadValue(`must be between ${print(min)} and ${print(max)}`);
}

function mask(secret: string): string {
  return secret === "" ? "" : "********";
}

function describeIssue(issue: { readonly path: readonly PropertyKey[]; readonly message: string }): string {
  const path = issue.path.map(String).join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}
