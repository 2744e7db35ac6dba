import { create } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "@hearth/errors";
import { ProfileTypesRequestSchema } from "@hearth/proto/querier/v1";
import { LabelValuesRequestSchema } from "@hearth/proto/types/v1";

import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { lastHour } from "../request/time-range.ts";
import { labelValues } from "../rpc/label-values.ts";
import { profileTypes } from "../rpc/profile-types.ts";

/** `GET /pyroscope/label-values`: what the last hour has. `__name__` stands for the ids of profile types. */
export async function labelValuesOfLastHour(
  frontend: QueryFrontend,
  parameters: URLSearchParams,
  call: QueryCall,
): Promise<readonly string[] | null> {
  const name = parameters.get("label") ?? "";
  if (name === "") throw new InvalidArgumentError("label parameter is required");
  const values =
    name === "__name__" ? await profileTypeIds(frontend, call) : await valuesOf(frontend, name, call);
  return values.length === 0 ? null : values;
}

async function profileTypeIds(frontend: QueryFrontend, call: QueryCall): Promise<string[]> {
  const answer = await profileTypes(frontend, create(ProfileTypesRequestSchema), call);
  return (answer.profileTypes ?? []).map(({ ID = "" }) => ID);
}

async function valuesOf(frontend: QueryFrontend, name: string, call: QueryCall): Promise<string[]> {
  const times = lastHour(frontend.clock.nowMs());
  const answer = await labelValues(frontend, create(LabelValuesRequestSchema, { name, ...times }), call);
  return answer.names ?? [];
}
