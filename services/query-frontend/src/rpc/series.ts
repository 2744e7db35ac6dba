import type { MessageInitShape } from "@bufbuild/protobuf";
import { compareBytes, isClassicLabelName, type Label } from "@hearth/labels";
import type { SeriesRequest, SeriesResponseSchema } from "@hearth/proto/querier/v1";

import { unitedLabelSets } from "../merge/label-reports.ts";
import { fetchDatasetLabels, fetchSeries } from "../queries/label-queries.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import {
  labelMatchers,
  type Matcher,
  PROFILE_TYPE_LABEL,
  profileTypeOrNone,
  SERVICE_NAME_LABEL,
} from "../request/selectors.ts";
import { queriedRange, type TimeRange } from "../request/time-range.ts";

/**
 * Distinct label sets. Lists of services and their profile types, which every client opens with, come from metadata;
 * all others from the series themselves.
 */
export async function series(
  frontend: QueryFrontend,
  request: SeriesRequest,
  call: QueryCall,
): Promise<MessageInitShape<typeof SeriesResponseSchema>> {
  const range = queriedRange(request, frontend.limitsFor(call.tenants), frontend.clock.nowMs());
  if (!range) return {};
  const matchers = labelMatchers(request.matchers, "failed to parse label selector");
  const sets =
    (matchers.length === 0 &&
      (await fromMetadata(frontend, { range, labelNames: request.labelNames }, call))) ||
    (await fromSeries(frontend, { range, matchers, labelNames: request.labelNames }, call));
  return { labelsSet: sets.map((labels) => ({ labels })) };
}

interface SeriesLabels {
  readonly range: TimeRange;
  readonly labelNames: readonly string[];
}

/** The two lists of names that metadata can answer, sorted. */
const SERVICE_LIST = [PROFILE_TYPE_LABEL, SERVICE_NAME_LABEL].join();
const SERVICE_LIST_WITH_PARTS = [
  "__name__",
  PROFILE_TYPE_LABEL,
  "__type__",
  "pyroscope_app",
  SERVICE_NAME_LABEL,
].join();

/** Undefined when metadata does not hold the labels. */
async function fromMetadata(
  frontend: QueryFrontend,
  { range, labelNames }: SeriesLabels,
  call: QueryCall,
): Promise<Label[][] | undefined> {
  const names = labelNames.toSorted(compareBytes).join();
  if (names !== SERVICE_LIST && names !== SERVICE_LIST_WITH_PARTS) return undefined;
  const sets = await fetchDatasetLabels(
    frontend,
    { range, matchers: [], labelNames: [PROFILE_TYPE_LABEL, SERVICE_NAME_LABEL] },
    call,
  );
  return names === SERVICE_LIST ? sets : unitedLabelSets(sets.map(withParts));
}

/** Adds the parts of the profile type that the longer list has. */
function withParts(labels: readonly Label[]): Label[] {
  const id = labels.find(({ name }) => name === PROFILE_TYPE_LABEL)?.value ?? "";
  const type = profileTypeOrNone(id);
  if (!type) return [...labels];
  return [...labels, { name: "__name__", value: type.name }, { name: "__type__", value: type.sampleType }];
}

async function fromSeries(
  frontend: QueryFrontend,
  { range, matchers, labelNames }: SeriesLabels & { readonly matchers: readonly Matcher[] },
  call: QueryCall,
): Promise<Label[][]> {
  const isShown = call.acceptsUtf8LabelNames ? () => true : isClassicLabelName;
  const shown = labelNames.filter(isShown);
  // Nothing is left of the names asked for; an empty list would mean all of them.
  if (labelNames.length > 0 && shown.length === 0) return [];
  const sets = await fetchSeries(frontend, { range, matchers, labelNames: shown }, call);
  // Of a series that has only the hidden ones of the names, there is nothing to show.
  if (shown.length < labelNames.length) return sets.filter((labels) => labels.length > 0);
  if (shown.length > 0 || call.acceptsUtf8LabelNames) return sets;
  return unitedLabelSets(sets.map((labels) => labels.filter(({ name }) => isShown(name))));
}
