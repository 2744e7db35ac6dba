import { fingerprint, formatProfileType, storedLabels, type Labels } from "@hearth/labels";

import type { Series } from "./profile-columns.ts";

export interface TypeAndUnit {
  readonly type: string;
  readonly unit: string;
}

/** What a series' samples count. */
export interface SeriesType {
  readonly sampleType: TypeAndUnit;
  /** Absent: the two last parts of the profile type are empty. */
  readonly periodType: TypeAndUnit | undefined;
}

export interface SeriesLabelRules {
  /**
   * Whether CPU time in a profile of wall time (`wall`, sample type `cpu`, as Node.js agents send) becomes
   * `process_cpu`, with the old name in `__name_replaced__`: one of the default relabelling rules.
   */
  readonly renameWallCpu: boolean;
}

/**
 * The series of one sample type of a label set: with the labels of its type, without `__delta__`, in the stored order
 * (`__profile_type__`, `__service_name__`, then by the bytes of the name), and its fingerprint.
 *
 * @param labels - of the profile, names distinct; what they say about the type is replaced.
 */
export function seriesOf(labels: Labels, type: SeriesType, rules: SeriesLabelRules): Series {
  const stored = withTypeLabels(labels, type, rules);
  return { labels: stored, fingerprint: fingerprint(stored) };
}

function withTypeLabels(
  labels: Labels,
  { sampleType, periodType }: SeriesType,
  rules: SeriesLabelRules,
): Labels {
  const values = new Map(labels.map(({ name, value }) => [name, value]));
  if (rules.renameWallCpu && values.get("__name__") === "wall" && sampleType.type === "cpu") {
    values.set("__name__", "process_cpu").set("__name_replaced__", "wall");
  }
  const period = periodType ?? { type: "", unit: "" };
  const profileType = formatProfileType({
    name: values.get("__name__") ?? "",
    sampleType: sampleType.type,
    sampleUnit: sampleType.unit,
    periodType: period.type,
    periodUnit: period.unit,
  });
  values.set("__profile_type__", profileType);
  values.set("__service_name__", values.get("service_name") ?? "");
  values.set("__type__", sampleType.type).set("__unit__", sampleType.unit);
  values.set("__period_type__", period.type).set("__period_unit__", period.unit);
  values.delete("__delta__");
  return storedLabels(Array.from(values, ([name, value]) => ({ name, value })));
}
