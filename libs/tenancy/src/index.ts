export { checkTenantId, DEFAULT_TENANT, parseTenant, parseTenants, TENANT_HEADER } from "./tenant-id.ts";
export { tenantResolver, type TenantResolver } from "./tenant-resolver.ts";
