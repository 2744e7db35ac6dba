import { createHash } from "node:crypto";
import { assertNever, InvalidArgumentError } from "@hearth/errors";
import type { RE2JS } from "re2js";
import { labelSet } from "./label-set.ts";
import type { Label, Labels } from "./label.ts";
import { compileEngine, compilePattern, type TextPredicate } from "./pattern.ts";

export type RelabelAction =
  | "replace"
  | "keep"
  | "drop"
  | "keepequal"
  | "dropequal"
  | "hashmod"
  | "labelmap"
  | "labeldrop"
  | "labelkeep"
  | "lowercase"
  | "uppercase";

/** A relabelling rule as Prometheus defines it, as configured. */
export interface RelabelRule {
  readonly action?: RelabelAction;
  readonly sourceLabels?: readonly string[];
  /** Between the values of the source labels; `;` when absent. */
  readonly separator?: string;
  readonly targetLabel?: string;
  /** RE2, anchored, dot matches newline; `(.*)` when absent. */
  readonly regex?: string;
  /** `$1`, `${name}`; `$1` when absent. */
  readonly replacement?: string;
  readonly modulus?: number;
}

/** Where the rules that every tenant has stand among its own. */
export type DefaultRulesPosition = "first" | "last" | "disabled";

/**
 * Go's delta-profiling library puts its name before the type's; and CPU time inside a profile of wall time is CPU time.
 * The second needs the sample type, which series have only once they are stored.
 */
const DEFAULT_RELABEL_RULES: readonly RelabelRule[] = [
  {
    sourceLabels: ["__name__"],
    regex: "godeltaprof_(.*)",
    replacement: "$0",
    targetLabel: "__name_replaced__",
  },
  { sourceLabels: ["__name__"], regex: "godeltaprof_(.*)", replacement: "false", targetLabel: "__delta__" },
  { sourceLabels: ["__name__"], regex: "godeltaprof_(.*)", replacement: "$1", targetLabel: "__name__" },
  {
    sourceLabels: ["__name__", "__type__"],
    separator: "/",
    regex: "wall/cpu",
    replacement: "wall",
    targetLabel: "__name_replaced__",
  },
  {
    sourceLabels: ["__name__", "__type__"],
    separator: "/",
    regex: "wall/cpu",
    replacement: "process_cpu",
    targetLabel: "__name__",
  },
];

/** The rules of a tenant with the default ones at their place. */
export function withDefaultRules(
  rules: readonly RelabelRule[],
  position: DefaultRulesPosition,
): readonly RelabelRule[] {
  switch (position) {
    case "first":
      return [...DEFAULT_RELABEL_RULES, ...rules];
    case "last":
      return [...rules, ...DEFAULT_RELABEL_RULES];
    case "disabled":
      return rules;
    default:
      return assertNever(position);
  }
}

/** Rules ready to run. */
export interface Relabeler {
  /** The label set after all rules, or nothing when a rule drops it. */
  relabel(labels: Labels): Labels | undefined;
}

/** @throws {InvalidArgumentError} naming the rule, by its number from 0, that cannot be. */
export function createRelabeler(rules: readonly RelabelRule[]): Relabeler {
  const compiled = rules.map((rule, index) => compileRule(rule, index));
  return { relabel: (labels) => relabel(labels, compiled) };
}

interface CompiledRule {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  readonly targetLabel: string;
  readonly matches: TextPredicate;
  /** For the groups of what matches. */
  readonly engine: RE2JS;
  readonly replacement: string;
  readonly modulus: number;
}

/** What an action says of the set: whether it stays. */
type Verdict = boolean;

function compileRule(rule: RelabelRule, index: number): CompiledRule {
  const action = rule.action ?? "replace";
  const targetLabel = rule.targetLabel ?? "";
  const modulus = rule.modulus ?? 0;
  const regex = rule.regex ?? "(.*)";
  if (NEEDS_TARGET.has(action) && targetLabel === "") {
    throw new InvalidArgumentError(`relabel rule ${index}: action ${action} requires target_label`);
  }
  if (action === "hashmod" && !(Number.isSafeInteger(modulus) && modulus > 0)) {
    throw new InvalidArgumentError(`relabel rule ${index}: action hashmod requires modulus`);
  }
  return {
    action,
    targetLabel,
    modulus,
    sourceLabels: rule.sourceLabels ?? [],
    separator: rule.separator ?? ";",
    matches: compilePattern(regex),
    engine: compileEngine(regex),
    replacement: rule.replacement ?? "$1",
  };
}

const NEEDS_TARGET: ReadonlySet<RelabelAction> = new Set([
  "replace",
  "hashmod",
  "lowercase",
  "uppercase",
  "keepequal",
  "dropequal",
]);

function relabel(labels: Labels, rules: readonly CompiledRule[]): Labels | undefined {
  const values = new Map(labels.map(({ name, value }) => [name, value]));
  for (const rule of rules) if (!applyRule(values, rule)) return undefined;
  return labelSet(Array.from(values, ([name, value]): Label => ({ name, value })));
}

function applyRule(values: Map<string, string>, rule: CompiledRule): Verdict {
  const source = rule.sourceLabels.map((name) => values.get(name) ?? "").join(rule.separator);
  switch (rule.action) {
    case "keep":
      return rule.matches(source);
    case "drop":
      return !rule.matches(source);
    case "keepequal":
      return (values.get(rule.targetLabel) ?? "") === source;
    case "dropequal":
      return (values.get(rule.targetLabel) ?? "") !== source;
    case "replace":
      return replace(values, rule, source);
    case "lowercase":
      return set(values, rule.targetLabel, source.toLowerCase());
    case "uppercase":
      return set(values, rule.targetLabel, source.toUpperCase());
    case "hashmod":
      return set(values, rule.targetLabel, hashModulo(source, rule.modulus));
    case "labelmap":
      return mapNames(values, rule);
    case "labeldrop":
      return dropNames(values, (name) => rule.matches(name));
    case "labelkeep":
      return dropNames(values, (name) => !rule.matches(name));
    default:
      return assertNever(rule.action);
  }
}

function replace(values: Map<string, string>, rule: CompiledRule, source: string): Verdict {
  const groups = groupsOf(rule, source);
  if (!groups) return true;
  const target = expand(rule.targetLabel, groups);
  if (target === "" || !target.isWellFormed()) return true;
  return set(values, target, expand(rule.replacement, groups));
}

function mapNames(values: Map<string, string>, rule: CompiledRule): Verdict {
  const before = [...values]; // what is set here is not mapped again
  for (const [name, value] of before) {
    const groups = groupsOf(rule, name);
    if (groups) set(values, expand(rule.replacement, groups), value);
  }
  return true;
}

function dropNames(values: Map<string, string>, isDropped: (name: string) => boolean): Verdict {
  for (const name of values.keys()) if (isDropped(name)) values.delete(name);
  return true;
}

/** An empty value removes the label. */
function set(values: Map<string, string>, name: string, value: string): Verdict {
  if (value === "") values.delete(name);
  else values.set(name, value);
  return true;
}

/** The last eight bytes of the MD5, big-endian, modulo: tenants shard by it, so it must never change. */
function hashModulo(source: string, modulus: number): string {
  const digest = createHash("md5").update(source).digest();
  return (digest.readBigUInt64BE(8) % BigInt(modulus)).toString();
}

/** The groups of a pattern that matches all of `text`, by number and by name. */
type Groups = ReadonlyMap<string, string>;

function groupsOf({ matches, engine }: CompiledRule, text: string): Groups | undefined {
  if (!matches(text)) return undefined;
  const matcher = engine.matcher(text);
  if (!matcher.matches()) return undefined;
  const groups = new Map<string, string>();
  for (let i = 0; i <= matcher.groupCount(); i++) groups.set(String(i), matcher.group(i) ?? "");
  for (const [name, index] of Object.entries(engine.namedGroups())) {
    groups.set(name, matcher.group(index) ?? "");
  }
  return groups;
}

/** `$1`, `$name` (the longest run of letters, digits, underscores), `${name}`, `$$`; unknown groups are empty. */
function expand(template: string, groups: Groups): string {
  return template.replace(
    /\$(?:\$|([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})/g,
    (whole, plain?: string, braced?: string) => {
      if (whole === "$$") return "$";
      return groups.get(plain ?? braced ?? "") ?? "";
    },
  );
}
