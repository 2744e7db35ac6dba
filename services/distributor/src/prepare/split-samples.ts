import {
  formatLabels,
  isLabelViolation,
  labelSet,
  labelValue,
  sanitizeLabels,
  sortLabels,
  validateLabels,
  type Label,
  type Labels,
} from "@hearth/labels";
import { seriesKey } from "@hearth/profile";

import type { PrepareLimits, Relabel } from "./prepare-input.ts";
import { ProfileRejectedError } from "./rejection.ts";

/** A label set and the samples that have it. */
export interface LabelGroup {
  readonly labels: Labels;
  /** Positions among the selected samples, ascending. */
  readonly positions: Uint32Array;
}

export interface SplitSamples {
  readonly groups: readonly LabelGroup[];
  /** Samples that the rules dropped. */
  readonly droppedSamples: number;
}

export interface SplitInput {
  /** Labels of the profile, sorted, names distinct. */
  readonly labels: Labels;
  readonly setOf: Uint32Array;
  readonly sets: readonly (readonly Label[])[];
  readonly relabel: Relabel | undefined;
  readonly limits: PrepareLimits;
}

/** A group while its samples are counted. */
interface OpenGroup {
  readonly labels: Labels;
  sampleCount: number;
}

/** Marks a label set that the rules drop. */
const DROPPED = 0xff_ff_ff_ff;

/**
 * Splits samples by their labels: these join the labels of the profile, which win where both have a name; then the
 * tenant's rules are applied, and sets that became equal are one.
 *
 * @throws {ProfileRejectedError} when a resulting label set breaks a rule: all of the profile is refused then.
 */
export function splitSamples({ labels, setOf, sets, relabel, limits }: SplitInput): SplitSamples {
  const groups: OpenGroup[] = [];
  const groupByKey = new Map<string, number>();
  const groupOfSet = sets.map((set) => {
    const joined = joinLabels(labels, set);
    const relabeled = relabel === undefined ? joined : relabel(joined);
    if (relabeled === undefined || relabeled.length === 0) return DROPPED;
    const checked = checkLabels(relabeled, limits);
    const key = seriesKey(checked);
    const known = groupByKey.get(key);
    if (known !== undefined) return known;
    groupByKey.set(key, groups.length);
    return groups.push({ labels: checked, sampleCount: 0 }) - 1;
  });
  return collect(groups, groupOfSet, setOf);
}

function joinLabels(labels: Labels, sampleLabels: readonly Label[]): Labels {
  // The first of a name stays.
  return sampleLabels.length === 0 ? labels : labelSet([...labels, ...sampleLabels]);
}

function collect(
  groups: readonly OpenGroup[],
  groupOfSet: readonly number[],
  setOf: Uint32Array,
): SplitSamples {
  let droppedSamples = 0;
  for (const set of setOf) {
    const group = groupOfSet[set]!;
    if (group === DROPPED) droppedSamples++;
    else groups[group]!.sampleCount++;
  }
  const positions = groups.map(({ sampleCount }) => new Uint32Array(sampleCount));
  const next = new Uint32Array(groups.length);
  for (let position = 0; position < setOf.length; position++) {
    const group = groupOfSet[setOf[position]!]!;
    if (group !== DROPPED) positions[group]![next[group]!++] = position;
  }
  return {
    groups: groups.map(({ labels }, group) => ({ labels, positions: positions[group]! })),
    droppedSamples,
  };
}

/**
 * Checks labels as a client sent them, or as rules left them.
 *
 * @param labels - in any order, repeated names in it.
 * @returns them sorted, sanitized if the tenant wants it.
 * @throws {ProfileRejectedError} naming the rule.
 */
export function checkLabels(labels: readonly Label[], limits: PrepareLimits): Labels {
  const sorted = sortLabels(labels);
  const violation = validateLabels(sorted, limits.labels);
  if (violation !== undefined) throw new ProfileRejectedError(violation.reason, violation.message);
  if (limits.disableLabelSanitization) return sorted;
  const sanitized = sanitizeLabels(sorted);
  if (isLabelViolation(sanitized)) throw new ProfileRejectedError(sanitized.reason, sanitized.message);
  return sanitized;
}

/**
 * @param labels - sorted.
 * @throws {ProfileRejectedError} when a name comes twice: rules would see only one of the values.
 */
export function checkDistinctNames(labels: readonly Label[]): void {
  const repeated = labels.find(({ name }, index) => name === labels[index - 1]?.name);
  if (repeated === undefined) return;
  throw new ProfileRejectedError(
    "duplicate_label_names",
    `profile with labels '${formatLabels(labels)}' has duplicate label name: '${repeated.name}'`,
  );
}

/** Groups by the service their labels name, in the order of their first group. */
export function groupByService<G extends { readonly labels: Labels }>(
  groups: readonly G[],
): Map<string, G[]> {
  const services = new Map<string, G[]>();
  for (const group of groups) {
    const service = labelValue(group.labels, "service_name");
    const known = services.get(service);
    if (known === undefined) services.set(service, [group]);
    else known.push(group);
  }
  return services;
}
