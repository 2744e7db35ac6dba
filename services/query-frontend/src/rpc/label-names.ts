import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LabelNamesRequest, LabelNamesResponseSchema } from "@hearth/proto/types/v1";

import { fetchLabelNames } from "../queries/label-queries.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { isClassicLabelName } from "@hearth/labels";
import { labelMatchers } from "../request/selectors.ts";
import { queriedRange } from "../request/time-range.ts";

/** Names of labels, private ones too; without those that the caller cannot take. */
export async function labelNames(
  frontend: QueryFrontend,
  request: LabelNamesRequest,
  call: QueryCall,
): Promise<MessageInitShape<typeof LabelNamesResponseSchema>> {
  const range = queriedRange(request, frontend.limitsFor(call.tenants), frontend.clock.nowMs());
  if (!range) return {};
  const matchers = labelMatchers(request.matchers, "parsing label selector: failed to parse label selector");
  const names = await fetchLabelNames(frontend, { range, matchers }, call);
  return { names: call.acceptsUtf8LabelNames ? names : names.filter(isClassicLabelName) };
}
