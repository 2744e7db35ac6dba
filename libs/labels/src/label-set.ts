import { compareBytes } from "./compare-bytes.ts";
import { goQuote } from "./go-quote.ts";
import type { Label, Labels } from "./label.ts";

/** Names that lead the stored order, so that series of one profile type and service lie beside each other. */
const FIRST_STORED_NAMES: readonly string[] = ["__profile_type__", "__service_name__"];

/**
 * What a client sent, in order: sorted bytewise by name, without empty values. Repeated names stay, in the order they
 * came, for validation to find; {@link labelSet} drops them.
 */
export function sortLabels(labels: readonly Label[]): Label[] {
  return labels.filter(({ value }) => value !== "").sort(byName);
}

/** A label set of arbitrary labels: sorted bytewise by name, the first of a repeated name kept, empty values gone. */
export function labelSet(labels: readonly Label[]): Labels {
  return keepFirst(sortLabels(labels));
}

/** The order in which a series keeps its labels: `__profile_type__`, `__service_name__`, then bytewise by name. */
export function storedLabels(labels: readonly Label[]): Labels {
  const stored = labels
    .filter(({ value }) => value !== "")
    .sort((a, b) => storedRank(a.name) - storedRank(b.name) || compareBytes(a.name, b.name));
  return keepFirst(stored);
}

/** The value of `name`, or the empty string, which is what an absent label counts as. */
export function labelValue(labels: readonly Label[], name: string): string {
  return labels.find((label) => label.name === name)?.value ?? "";
}

/** The set with `changes` on top: later ones win, an empty value removes the label. */
export function withLabels(labels: Labels, changes: Readonly<Record<string, string>>): Labels {
  const changed = Object.entries(changes).map(([name, value]) => ({ name, value }));
  const kept = labels.filter(({ name }) => !Object.hasOwn(changes, name));
  return labelSet([...kept, ...changed]);
}

/** `{a="b", c="d"}`, as all messages print label sets. */
export function formatLabels(labels: readonly Label[]): string {
  return `{${labels.map(({ name, value }) => `${name}=${goQuote(value)}`).join(", ")}}`;
}

/** Orders label sets by name, then value, pair after pair; a set that is the start of another comes first. */
export function compareLabels(a: Labels, b: Labels): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) return 1;
    const order = compareBytes(left.name, right.name) || compareBytes(left.value, right.value);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function byName(a: Label, b: Label): number {
  return compareBytes(a.name, b.name);
}

function storedRank(name: string): number {
  const index = FIRST_STORED_NAMES.indexOf(name);
  return index < 0 ? FIRST_STORED_NAMES.length : index;
}

/** @param sorted - equal names beside each other. */
function keepFirst(sorted: readonly Label[]): Labels {
  return sorted.filter((label, index) => label.name !== sorted[index - 1]?.name);
}
