import type { MessageInitShape } from "@bufbuild/protobuf";
import { ProfileSchema } from "@hearth/proto/google/v1";
import type { SelectMergeProfileRequest } from "@hearth/proto/querier/v1";

import { fetchPprof } from "../queries/pprof-query.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { allowedProfileMaxNodes } from "../request/max-nodes.ts";
import { sampleSelector } from "../request/sample-selector.ts";
import { profileSelection } from "../request/selectors.ts";
import { queriedRange } from "../request/time-range.ts";
import { writtenAnswer } from "./written-answer.ts";

/** Everything that matches as one pprof profile, which itself is the answer: clients save the body as a file. */
export async function selectMergeProfile(
  frontend: QueryFrontend,
  request: SelectMergeProfileRequest,
  call: QueryCall,
): Promise<MessageInitShape<typeof ProfileSchema>> {
  const limits = frontend.limitsFor(call.tenants);
  const range = queriedRange(request, limits, frontend.clock.nowMs());
  if (!range) return {};
  const query = {
    range,
    ...profileSelection(request.profileTypeID, request.labelSelector),
    maxNodes: allowedProfileMaxNodes(request.maxNodes, limits),
    selector: sampleSelector(request),
    goPgo: request.stackTraceSelector?.goPgo,
  };
  return writtenAnswer(ProfileSchema, call, (format) => fetchPprof(frontend, query, format, call));
}
