import { fromBinary } from "@bufbuild/protobuf";
import { FlameGraphSchema } from "@hearth/proto/querier/v1";

import type { MergedSeries } from "../merge/time-series.ts";
import { fetchDot } from "../queries/dot-query.ts";
import { fetchTimeSeries } from "../queries/time-series-query.ts";
import { fetchTrees } from "../queries/tree-query.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { allowedMaxNodes } from "../request/max-nodes.ts";
import { type ProfileSelection, profileSelectionOfQuery } from "../request/selectors.ts";
import { queriedRange, type RequestedTimes, type TimeRange } from "../request/time-range.ts";
import { type Flamebearer, singleFlamebearer, type Timelines } from "./flamebearer.ts";
import { parseRenderTime } from "./relative-time.ts";
import { timeline, type TimelineGrid, timelineGrid } from "./timeline.ts";

/** `GET /pyroscope/render`: a flame graph and the values over time beside it. */
export async function render(
  frontend: QueryFrontend,
  parameters: URLSearchParams,
  call: QueryCall,
): Promise<Flamebearer> {
  const selection = profileSelectionOfQuery(parameters.get("query") ?? "");
  const nowMs = frontend.clock.nowMs();
  const limits = frontend.limitsFor(call.tenants);
  const times = timesOf(parameters, { from: "from", until: "until" }, nowMs);
  const maxNodes = allowedMaxNodes(requestedMaxNodes(parameters), limits);
  const range = queriedRange(times, limits, nowMs);
  const groupBy = parameters.getAll("groupBy");
  const [trees, timelines] = range
    ? await Promise.all([
        fetchTrees(frontend, { range, matchers: selection.matchers, selector: {}, maxNodes }, call),
        fetchTimelines(frontend, { range, selection, groupBy }, call),
      ])
    : [[], noTimelines(times, groupBy)];
  const drawn = await frontend.merger.flameGraph(trees, { maxNodes, format: "binary" }, call.signal);
  const graph = fromBinary(FlameGraphSchema, drawn);
  return singleFlamebearer(selection.profileType, graph, timelines);
}

/** `GET /pyroscope/render?format=dot`: a call graph for Graphviz. */
export async function renderDot(
  frontend: QueryFrontend,
  parameters: URLSearchParams,
  call: QueryCall,
): Promise<string> {
  const selection = profileSelectionOfQuery(parameters.get("query") ?? "");
  const nowMs = frontend.clock.nowMs();
  const times = timesOf(parameters, { from: "from", until: "until" }, nowMs);
  const range = queriedRange(times, frontend.limitsFor(call.tenants), nowMs);
  if (!range) return "";
  const maxNodes = Number(requestedMaxNodes(parameters) ?? 0n);
  return fetchDot(frontend, { range, ...selection, selector: {}, maxNodes }, call);
}

/** The two times of a query; both are now when they are not given. */
export function timesOf(
  parameters: URLSearchParams,
  names: { readonly from: string; readonly until: string },
  nowMs: number,
): RequestedTimes {
  const time = (name: string): bigint => BigInt(parseRenderTime(parameters.get(name) ?? "now", nowMs));
  return { start: time(names.from), end: time(names.until) };
}

/** `maxNodes`, else `max-nodes`; undefined when it is no number. */
export function requestedMaxNodes(parameters: URLSearchParams): bigint | undefined {
  const text = parameters.get("maxNodes") ?? parameters.get("max-nodes") ?? "";
  return /^-?\d{1,18}$/u.test(text) ? BigInt(text) : undefined;
}

interface TimelineQuery {
  readonly range: TimeRange;
  readonly selection: ProfileSelection;
  readonly groupBy: readonly string[];
}

async function fetchTimelines(
  frontend: QueryFrontend,
  { range, selection, groupBy }: TimelineQuery,
  call: QueryCall,
): Promise<Timelines> {
  const grid = timelineGrid(range);
  const series = await fetchTimeSeries(
    frontend,
    {
      // Not the range of the grid: what a point covers counts from the start that was asked for.
      range,
      stepMs: grid.stepMs,
      matchers: selection.matchers,
      groupBy,
      aggregation: "sum",
      callSite: [],
      exemplars: false,
      limit: 0,
    },
    call,
  );
  const [firstLabel] = groupBy;
  return {
    timeline: timeline(series.length === 1 ? series : [], grid),
    groups: firstLabel === undefined ? null : groups(series, firstLabel, grid),
  };
}

/** Of a range that is too old for the tenant. */
function noTimelines({ start, end }: RequestedTimes, groupBy: readonly string[]): Timelines {
  const grid = timelineGrid({ startMs: Number(start), endMs: Number(end) });
  return { timeline: timeline([], grid), groups: groupBy.length === 0 ? null : {} };
}

/** A timeline for each value of the first label of the grouping, `*` where it is absent. */
function groups(
  series: readonly MergedSeries[],
  firstLabel: string,
  grid: TimelineGrid,
): Timelines["groups"] {
  const byValue = Map.groupBy(
    series,
    ({ labels }) => labels.find(({ name }) => name === firstLabel)?.value ?? "*",
  );
  return Object.fromEntries([...byValue].map(([value, group]) => [value, timeline(group, grid)]));
}
