import { UnauthenticatedError } from "@hearth/errors";

/** The header, and the gRPC metadata key, that names tenants. */
export const TENANT_HEADER = "x-scope-orgid";

/** Whose everything is while multi-tenancy is off. */
export const DEFAULT_TENANT = "anonymous";

const MAX_TENANT_ID_BYTES = 150;
const UNSUPPORTED_CHARACTER = /[^A-Za-z0-9!_.*'()-]/u;

/**
 * The tenants a read covers: the parts of `a|b`, sorted, each once. What follows the first `:` of a part is metadata and
 * dropped.
 *
 * @param header - value of {@link TENANT_HEADER}, absent when it was not sent.
 * @throws {UnauthenticatedError} when there is none, or one that may not be a tenant.
 */
export function parseTenants(header: string | null | undefined): readonly string[] {
  if (!header) throw new UnauthenticatedError("no org id");
  const ids = new Set(header.split("|").map((part) => part.split(":", 1)[0] ?? ""));
  for (const id of ids) checkTenantId(id);
  return [...ids].sort(); // ASCII: the order of the bytes
}

/**
 * The one tenant a write belongs to. `a|a` is one tenant.
 *
 * @throws {UnauthenticatedError} as {@link parseTenants}, and when there are several.
 */
export function parseTenant(header: string | null | undefined): string {
  const [tenant = "", ...others] = parseTenants(header);
  if (others.length > 0) throw new UnauthenticatedError("multiple org IDs present");
  return tenant;
}

/**
 * Whether `id` may name a tenant: tenants are parts of object keys and of metrics.
 *
 * @throws {UnauthenticatedError} with the first rule it breaks.
 */
export function checkTenantId(id: string): void {
  if (id === "") throw new UnauthenticatedError("no org id");
  const unsupported = UNSUPPORTED_CHARACTER.exec(id);
  if (unsupported) {
    throw new UnauthenticatedError(`tenant ID '${id}' contains unsupported character '${unsupported[0]}'`);
  }
  if (id.length > MAX_TENANT_ID_BYTES) {
    throw new UnauthenticatedError(`tenant ID is too long: max ${MAX_TENANT_ID_BYTES} characters`);
  }
  if (id === "." || id === "..") throw new UnauthenticatedError("tenant ID is '.' or '..'");
}
