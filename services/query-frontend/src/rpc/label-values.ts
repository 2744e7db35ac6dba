import type { MessageInitShape } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "@hearth/errors";
import type { LabelValuesRequest, LabelValuesResponseSchema } from "@hearth/proto/types/v1";

import { fetchLabelValues } from "../queries/label-queries.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { labelMatchers } from "../request/selectors.ts";
import { queriedRange } from "../request/time-range.ts";

/** Values of one label of matching series; nothing when all of the range is too old for the tenant. */
export async function labelValues(
  frontend: QueryFrontend,
  request: LabelValuesRequest,
  call: QueryCall,
): Promise<MessageInitShape<typeof LabelValuesResponseSchema>> {
  const range = queriedRange(request, frontend.limitsFor(call.tenants), frontend.clock.nowMs());
  if (!range) return {};
  if (request.name === "") throw new InvalidArgumentError("name is required");
  const matchers = labelMatchers(request.matchers, "parsing label selector: failed to parse label selector");
  return { names: await fetchLabelValues(frontend, { range, matchers, name: request.name }, call) };
}
