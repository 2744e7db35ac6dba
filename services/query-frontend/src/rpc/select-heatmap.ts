import type { MessageInitShape } from "@bufbuild/protobuf";
import { InvalidArgumentError, UnimplementedError } from "@hearth/errors";
import {
  HeatmapQueryType,
  type SelectHeatmapRequest,
  type SelectHeatmapResponseSchema,
} from "@hearth/proto/querier/v1";
import { ExemplarType } from "@hearth/proto/types/v1";

import { TIME_SERIES_SECTIONS } from "../execute/planned-blocks.ts";
import { queryError } from "../execute/query-errors.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { NOT_STRIPPED, profileSelection } from "../request/selectors.ts";
import { queriedRange } from "../request/time-range.ts";

/** Where nothing matches, the answer is empty. Heatmaps of data are not implemented. */
export async function selectHeatmap(
  frontend: QueryFrontend,
  request: SelectHeatmapRequest,
  call: QueryCall,
): Promise<MessageInitShape<typeof SelectHeatmapResponseSchema>> {
  checkShape(request);
  const range = queriedRange(request, frontend.limitsFor(call.tenants), frontend.clock.nowMs());
  if (!range) return {};
  const { matchers } = profileSelection(request.profileTypeID, request.labelSelector);
  checkTypes(request);
  const scope = {
    tenants: call.tenants,
    range,
    matchers: [...matchers, NOT_STRIPPED],
    sections: TIME_SERIES_SECTIONS,
  };
  if (await matchesNothing(frontend, scope, call.signal)) return {};
  throw new UnimplementedError("heatmaps are not implemented");
}

async function matchesNothing(
  frontend: QueryFrontend,
  scope: Parameters<QueryFrontend["executor"]["plan"]>[0],
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await frontend.executor.plan(scope, signal)).leaves.length === 0;
  } catch (error) {
    throw queryError(error, signal);
  }
}

/** @throws {InvalidArgumentError} if step, limit or range cannot be. */
function checkShape({ step, limit = 0n, start, end }: SelectHeatmapRequest): void {
  if (!Number.isFinite(step) || step < 0.001) {
    throw new InvalidArgumentError(`step must be >= 1ms, got ${step.toFixed(6)}`);
  }
  if (limit < 0n) throw new InvalidArgumentError(`limit must be non-negative, got ${limit}`);
  if (start >= end) {
    throw new InvalidArgumentError(`start time must be before end time, got start=${start} end=${end}`);
  }
}

/** @throws {InvalidArgumentError} if the points are of no kind, or the exemplars of another. */
function checkTypes({ queryType, exemplarType }: SelectHeatmapRequest): void {
  if (queryType !== HeatmapQueryType.INDIVIDUAL && queryType !== HeatmapQueryType.SPAN) {
    throw new InvalidArgumentError("valid heatmap query type must be specified");
  }
  if (exemplarType === ExemplarType.INDIVIDUAL && queryType !== HeatmapQueryType.INDIVIDUAL) {
    throw new InvalidArgumentError("individual exemplars only available for individual query type");
  }
  if (exemplarType === ExemplarType.SPAN && queryType !== HeatmapQueryType.SPAN) {
    throw new InvalidArgumentError("span exemplars only available for span query type");
  }
}
