import type { LabelSet } from "@hearth/proto/hearth/metastore/v1";

import { compareBytes, compareLabels, type Label } from "@hearth/labels";

/** All distinct label sets, each sorted by name, in the order of their labels. */
export function unitedLabelSets(sets: readonly (readonly Label[])[]): Label[][] {
  const byKey = new Map<string, Label[]>();
  for (const set of sets) {
    const sorted = set
      .map(({ name, value }) => ({ name, value }))
      .sort((a, b) => compareBytes(a.name, b.name));
    byKey.set(labelKey(sorted), sorted);
  }
  return [...byKey.values()].sort(compareLabels);
}

/** Labels without what makes them messages. */
export function labelsOf({ labels }: LabelSet): Label[] {
  return labels.map(({ name, value }) => ({ name, value }));
}

/** Equal for equal lists of labels only. */
export function labelKey(labels: readonly Label[]): string {
  return JSON.stringify(labels.map(({ name, value }) => [name, value]));
}
