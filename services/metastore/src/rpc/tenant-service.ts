import { create } from "@bufbuild/protobuf";
import {
  DeleteTenantResponseSchema,
  GetTenantResponseSchema,
  GetTenantsResponseSchema,
  TenantService,
} from "@hearth/proto/hearth/metastore/v1";
import { implement, type ServiceRegistration } from "@hearth/rpc";
import type { DeletionRegistry } from "../deletions/deletion-registry.ts";
import { visibleStats } from "../deletions/visible-data.ts";
import type { StateReader } from "./state-reader.ts";

export interface TenantServiceDeps {
  readonly reader: StateReader;
  readonly deletions: DeletionRegistry;
  /** Deletions that a tenant may have in force. */
  readonly maxInForce: number;
}

/** `TenantService`: who has stored something, and how much; and an end of it. */
export function tenantService(deps: TenantServiceDeps): ServiceRegistration {
  return implement(TenantService, {
    async deleteTenant({ tenant, requestedBy, reason }, context) {
      const all = { tenant, matchers: [], startMs: 0, endMs: 0, requestId: "" };
      const request = { ...all, requestedBy, reason, maxInForce: deps.maxInForce };
      const { number } = await deps.deletions.request(request, context.signal);
      return create(DeleteTenantResponseSchema, { number: BigInt(number) });
    },
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
