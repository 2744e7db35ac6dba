import { compareBytes, type Label } from "@hearth/labels";

import { LABEL_SECTIONS } from "../execute/planned-blocks.ts";
import { labelsOf, unitedLabelSets } from "../merge/label-reports.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import type { Matcher } from "../request/selectors.ts";
import type { TimeRange } from "../request/time-range.ts";

export interface LabelQuery {
  readonly range: TimeRange;
  readonly matchers: readonly Matcher[];
}

/** Names of labels of matching series, sorted. */
export async function fetchLabelNames(
  frontend: QueryFrontend,
  query: LabelQuery,
  call: QueryCall,
): Promise<string[]> {
  const scope = { tenants: call.tenants, ...query, sections: LABEL_SECTIONS };
  const names = await frontend.executor.labels(scope, { case: "labelNames", value: {} }, call.signal);
  return names.sort(compareBytes);
}

/** Values of one label of matching series, sorted. */
export async function fetchLabelValues(
  frontend: QueryFrontend,
  { name, ...query }: LabelQuery & { readonly name: string },
  call: QueryCall,
): Promise<string[]> {
  const scope = { tenants: call.tenants, ...query, sections: LABEL_SECTIONS };
  const values = await frontend.executor.labels(scope, { case: "labelValues", value: { name } }, call.signal);
  return values.sort(compareBytes);
}

/** Distinct label sets of matching series, sorted. @param labelNames - all labels when empty. */
export async function fetchSeries(
  frontend: QueryFrontend,
  { labelNames, ...query }: LabelQuery & { readonly labelNames: readonly string[] },
  call: QueryCall,
): Promise<Label[][]> {
  const reports = await frontend.executor.run(
    { tenants: call.tenants, ...query, sections: LABEL_SECTIONS },
    { case: "series", value: { labelNames: [...labelNames] } },
    call.signal,
  );
  const sets = reports.flatMap(({ report }) => (report.case === "series" ? report.value.labelSets : []));
  const united = unitedLabelSets(sets.map(labelsOf));
  // A series that has none of the names is an empty set beside others; where none has any, there is nothing to tell.
  return united.every((labels) => labels.length === 0) ? [] : united;
}

/** Distinct label sets of datasets: from the metastore alone, unless rows of them are being deleted. */
export async function fetchDatasetLabels(
  frontend: QueryFrontend,
  { labelNames, ...query }: LabelQuery & { readonly labelNames: readonly string[] },
  call: QueryCall,
): Promise<Label[][]> {
  const sets = await frontend.executor.datasetLabels(
    { tenants: call.tenants, ...query, sections: [] },
    labelNames,
    call.signal,
  );
  return sets ? unitedLabelSets(sets.map(labelsOf)) : fetchSeries(frontend, { labelNames, ...query }, call);
}
