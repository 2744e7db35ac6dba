import type { Label } from "@hearth/labels";
import { UsageGroups, type UsageGroup } from "./usage-groups.ts";

/**
 * What a tenant's usage groups mean for its series: in which groups each is counted, whether a group is over its quota,
 * and which share of the profiles is kept. Plain data, for worker threads: it is there that all labels are known.
 */
export interface UsageRules {
  /** Selectors by name. */
  readonly groups: Readonly<Record<string, string>>;
  /** Which share of a group's profiles is kept, `0 <= probability <= 1`, by its name as filled in or as configured. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** Groups over their quota, named either way. */
  readonly throttled: readonly string[];
  /** Of those, the ones of which nothing passes at this time. */
  readonly exhausted: readonly string[];
  /** Keep the totals of what sampling drops. */
  readonly keepStripped: boolean;
}

/** Marks profiles of which only the totals were kept; queries leave them out unless the tenant wants them. */
export const SAMPLED_LABEL: Readonly<Record<string, string>> = { __sampled__: "true" };

/** What becomes of a profile of a series. */
export interface UsageVerdict {
  /** `strip` keeps the totals alone; what is refused the client is told of, what is dropped it is not. */
  readonly fate: "keep" | "strip" | "drop" | "refuse";
  /** The groups of the series, as filled in. */
  readonly groups: readonly string[];
  /** Those over their quota, as {@link UsageRules.throttled} names them. */
  readonly throttledBy: readonly string[];
}

/** Judges a series. */
export type SeriesJudge = (labels: readonly Label[]) => UsageVerdict;

/** The tenant's rules, compiled. */
export class UsageJudge {
  readonly #rules: UsageRules;
  readonly #groups: UsageGroups;

  constructor(rules: UsageRules) {
    this.#rules = rules;
    this.#groups = new UsageGroups(rules.groups);
  }

  /** @param draw - uniform in `[0, 1)`: decides whether a profile is in the sample. */
  judge(labels: readonly Label[], draw: number): UsageVerdict {
    const { throttled, exhausted, keepStripped } = this.#rules;
    const groups = this.#groups.of(labels);
    const throttledBy = groups.flatMap(({ name, configuredName }) => {
      const found = [name, configuredName].find((each) => throttled.includes(each));
      return found === undefined ? [] : [found];
    });
    const verdict = { groups: groups.map(({ name }) => name), throttledBy };
    if (throttledBy.some((name) => exhausted.includes(name))) return { ...verdict, fate: "refuse" };
    const probability = probabilityOf(groups, this.#rules.probabilities);
    if (draw < probability) return { ...verdict, fate: "keep" };
    return { ...verdict, fate: keepStripped ? "strip" : "drop" };
  }
}

/**
 * The lowest probability of the groups that have one; of groups with labels in their names only when no other group has
 * one. 1 when none has.
 *
 * @remarks Does not depend on the order of the groups.
 */
export function probabilityOf(
  groups: readonly UsageGroup[],
  probabilities: Readonly<Record<string, number>>,
): number {
  const lowest = { static: Infinity, templated: Infinity };
  for (const { name, configuredName } of groups) {
    const probability = ownValue(probabilities, name) ?? ownValue(probabilities, configuredName);
    if (probability === undefined) continue;
    const kind = name === configuredName ? "static" : "templated";
    lowest[kind] = Math.min(lowest[kind], probability);
  }
  const found = lowest.static === Infinity ? lowest.templated : lowest.static;
  return found === Infinity ? 1 : found;
}

/** Names come from tenants: one may be called `constructor`. */
function ownValue(values: Readonly<Record<string, number>>, name: string): number | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
