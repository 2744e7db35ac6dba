import { DEFAULT_TENANT, parseTenant, parseTenants } from "./tenant-id.ts";

/** Says whose a request is. The one place that knows whether multi-tenancy is on. */
export interface TenantResolver {
  /** @param header - value of `X-Scope-OrgID`. @throws {UnauthenticatedError} */
  forWrite(header: string | null | undefined): string;
  /** At least one, sorted. @throws {UnauthenticatedError} */
  forRead(header: string | null | undefined): readonly string[];
}

/** Off, the header is ignored and everything belongs to {@link DEFAULT_TENANT}. */
export function tenantResolver(options: { multitenancyEnabled: boolean }): TenantResolver {
  if (options.multitenancyEnabled) return { forWrite: parseTenant, forRead: parseTenants };
  return { forWrite: () => DEFAULT_TENANT, forRead: () => [DEFAULT_TENANT] };
}
