import type { MessageInitShape } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "@hearth/errors";
import type { GetProfileStatsResponseSchema } from "@hearth/proto/types/v1";

import { queryError } from "../execute/query-errors.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";

/** Whether a tenant has sent anything, and from when to when. Clients show their first steps until it has. */
export async function getProfileStats(
  frontend: QueryFrontend,
  call: QueryCall,
): Promise<MessageInitShape<typeof GetProfileStatsResponseSchema>> {
  const [tenant, ...others] = call.tenants;
  if (tenant === undefined || others.length > 0) {
    throw new InvalidArgumentError(`expected 1 tenant, got ${call.tenants.length}`);
  }
  try {
    const stats = await frontend.metadata.getTenant({ tenant }, call.signal);
    return {
      dataIngested: stats.dataIngested,
      oldestProfileTime: stats.oldestProfileTimeMs,
      newestProfileTime: stats.newestProfileTimeMs,
    };
  } catch (error) {
    throw queryError(error, call.signal);
  }
}
