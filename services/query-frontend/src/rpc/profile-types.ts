import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ProfileTypesRequest, ProfileTypesResponseSchema } from "@hearth/proto/querier/v1";

import { compareBytes } from "@hearth/labels";
import { fetchDatasetLabels } from "../queries/label-queries.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { PROFILE_TYPE_LABEL, profileTypeOrNone } from "../request/selectors.ts";
import { lastHour, queriedRange } from "../request/time-range.ts";

/**
 * The profile types of datasets that overlap the range, from metadata: a dataset names what it has held in all of its
 * time. Without a range, of the last hour.
 */
export async function profileTypes(
  frontend: QueryFrontend,
  request: ProfileTypesRequest,
  call: QueryCall,
): Promise<MessageInitShape<typeof ProfileTypesResponseSchema>> {
  const nowMs = frontend.clock.nowMs();
  const times = request.start === 0n && request.end === 0n ? lastHour(nowMs) : request;
  const range = queriedRange(times, frontend.limitsFor(call.tenants), nowMs);
  if (!range) return {};
  const labelNames = [PROFILE_TYPE_LABEL];
  const sets = await fetchDatasetLabels(frontend, { range, matchers: [], labelNames }, call);
  const ids = new Set(sets.flat().map(({ value }) => value));
  return {
    profileTypes: [...ids].sort(compareBytes).flatMap((id) => {
      const type = profileTypeOrNone(id);
      return type ? [{ ...type, ID: id }] : [];
    }),
  };
}
