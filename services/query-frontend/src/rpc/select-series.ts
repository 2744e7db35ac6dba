import type { MessageInitShape } from "@bufbuild/protobuf";
import { UnimplementedError } from "@hearth/errors";
import type { SelectSeriesRequest, SelectSeriesResponseSchema } from "@hearth/proto/querier/v1";
import { ExemplarType, type SeriesSchema, TimeSeriesAggregationType } from "@hearth/proto/types/v1";

import type { MergedExemplar, MergedSeries } from "../merge/time-series.ts";
import { fetchTimeSeries } from "../queries/time-series-query.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { queriedStepMs } from "../request/query-step.ts";
import { callSite } from "../request/sample-selector.ts";
import { profileSelection } from "../request/selectors.ts";
import { queriedRange } from "../request/time-range.ts";

/** Sums (or averages) of profiles over time. Nothing is divided by the step: clients do that. */
export async function selectSeries(
  frontend: QueryFrontend,
  request: SelectSeriesRequest,
  call: QueryCall,
): Promise<MessageInitShape<typeof SelectSeriesResponseSchema>> {
  const range = queriedRange(request, frontend.limitsFor(call.tenants), frontend.clock.nowMs());
  if (!range) return {};
  const { matchers } = profileSelection(request.profileTypeID, request.labelSelector);
  const series = await fetchTimeSeries(
    frontend,
    {
      range,
      matchers,
      stepMs: queriedStepMs(request.step),
      groupBy: request.groupBy,
      aggregation: request.aggregation === TimeSeriesAggregationType.AVERAGE ? "average" : "sum",
      callSite: callSite(request.stackTraceSelector),
      exemplars: wantsExemplars(request.exemplarType),
      limit: Math.max(0, Number(request.limit ?? 0n)),
    },
    call,
  );
  return { series: series.map(wireSeries) };
}

/** @throws {UnimplementedError} for exemplars of spans. */
function wantsExemplars(type: ExemplarType): boolean {
  if (type === ExemplarType.SPAN) throw new UnimplementedError("exemplar type span is not implemented");
  return type === ExemplarType.INDIVIDUAL;
}

function wireSeries({ labels, points }: MergedSeries): MessageInitShape<typeof SeriesSchema> {
  return {
    labels: [...labels],
    points: points.map(({ timestampMs, value, annotations, exemplars }) => ({
      timestamp: BigInt(timestampMs),
      value,
      annotations: [...annotations],
      exemplars: exemplars.map(wireExemplar),
    })),
  };
}

function wireExemplar({ timeMs, profileId, value, labels }: MergedExemplar) {
  return {
    timestamp: BigInt(timeMs),
    profileId: uuid(profileId),
    value: BigInt(Math.round(value)),
    labels: [...labels],
  };
}

function uuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
