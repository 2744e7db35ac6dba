import {
  createRelabeler,
  withDefaultRules,
  type DefaultRulesPosition,
  type RelabelRule,
} from "@hearth/labels";
import type { Relabeling } from "../prepare/index.ts";

/** The tenant's relabelling rules as plain data, for worker threads. */
export interface RelabelConfig {
  readonly series: readonly RelabelRule[];
  readonly defaultRules: DefaultRulesPosition;
  readonly sampleTypes: readonly RelabelRule[];
}

/** Compiled rules by their text: tenants share most of them, and a regular expression costs more than a profile. */
const compiled = new Map<string, Relabeling>();
const MAX_COMPILED = 1000;

/** The rules compiled, or as they were compiled before. */
export function relabelingOf(config: RelabelConfig): Relabeling {
  const key = JSON.stringify(config);
  let relabeling = compiled.get(key);
  if (!relabeling) {
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    compiled.set(key, (relabeling = compile(config)));
  }
  return relabeling;
}

function compile({ series, defaultRules, sampleTypes }: RelabelConfig): Relabeling {
  const rules = withDefaultRules(series, defaultRules);
  const ofSeries = rules.length > 0 ? createRelabeler(rules) : undefined;
  const ofSampleTypes = sampleTypes.length > 0 ? createRelabeler(sampleTypes) : undefined;
  return {
    series: ofSeries && ((labels) => ofSeries.relabel(labels)),
    sampleType: ofSampleTypes && ((labels) => ofSampleTypes.relabel(labels)),
  };
}
