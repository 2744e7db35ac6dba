import { create } from "@bufbuild/protobuf";
import {
  GetTenantResponseSchema,
  GetTenantsResponseSchema,
  TenantService,
} from "@hearth/proto/hearth/metastore/v1";
import { implement, type ServiceRegistration } from "@hearth/rpc";
import { visibleStats } from "../deletions/visible-data.ts";
import type { StateReader } from "./state-reader.ts";

/** `TenantService`: who has stored something, and how much. */
export function tenantService(deps: { reader: StateReader }): ServiceRegistration {
  return implement(TenantService, {
    getTenants: (_request, context) =>
      deps.reader.read(context.signal, ({ index, deletions }) =>
        create(GetTenantsResponseSchema, {
          tenants: index.tenants().filter((tenant) => visibleStats(index, deletions, tenant)),
        }),
      ),
    getTenant: (request, context) =>
      deps.reader.read(context.signal, ({ index, deletions }) => {
        const stats = visibleStats(index, deletions, request.tenant);
        if (!stats) return create(GetTenantResponseSchema);
        return create(GetTenantResponseSchema, {
          dataIngested: true,
          oldestProfileTimeMs: BigInt(stats.minTimeMs),
          newestProfileTimeMs: BigInt(stats.maxTimeMs),
          sizeBytes: BigInt(stats.sizeBytes),
          blockCount: BigInt(stats.blockCount),
          lastIngestTimeMs: BigInt(stats.lastIngestMs),
        });
      }),
  });
}
