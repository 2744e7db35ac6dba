import { TIME_SERIES_SECTIONS, TREE_SECTIONS } from "../execute/planned-blocks.ts";
import { type Aggregation, type MergedSeries, mergeTimeSeries } from "../merge/time-series.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { checkPointCount } from "../request/query-step.ts";
import { type Matcher, NOT_STRIPPED } from "../request/selectors.ts";
import type { TimeRange } from "../request/time-range.ts";

export interface TimeSeriesQuery {
  readonly range: TimeRange;
  readonly matchers: readonly Matcher[];
  readonly stepMs: number;
  readonly groupBy: readonly string[];
  readonly aggregation: Aggregation;
  /** Root-first function names; all stacks when empty. */
  readonly callSite: readonly string[];
  readonly exemplars: boolean;
  /** Series to keep, 0 for all. */
  readonly limit: number;
}

/**
 * Time series over the range. Points stand at `start + k * step` and cover the step before them, so that reading begins
 * a step before the range; the last point may stand after the end.
 */
export async function fetchTimeSeries(
  frontend: QueryFrontend,
  query: TimeSeriesQuery,
  call: QueryCall,
): Promise<MergedSeries[]> {
  const { range, matchers, stepMs, groupBy, callSite, exemplars, aggregation, limit } = query;
  checkPointCount(range, stepMs, frontend.settings.maxPointsPerSeries);
  const { includeStrippedProfiles } = frontend.limitsFor(call.tenants);
  const reports = await frontend.executor.run(
    {
      tenants: call.tenants,
      range: { startMs: range.startMs - stepMs, endMs: range.endMs },
      matchers: includeStrippedProfiles ? matchers : [...matchers, NOT_STRIPPED],
      sections: callSite.length > 0 ? TREE_SECTIONS : TIME_SERIES_SECTIONS,
    },
    {
      case: "timeSeries",
      value: {
        originMs: BigInt(range.startMs),
        stepMs: BigInt(stepMs),
        groupBy: [...groupBy],
        callSite: [...callSite],
        exemplars,
      },
    },
    call.signal,
  );
  const series = reports.flatMap(({ report }) => (report.case === "timeSeries" ? report.value.series : []));
  return mergeTimeSeries(series, { originMs: range.startMs, stepMs, aggregation, limit, groupBy });
}
