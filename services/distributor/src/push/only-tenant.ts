import { UnauthenticatedError } from "@hearth/errors";

/** The tenant of a write, which belongs to exactly one. */
export function onlyTenant(tenants: readonly string[]): string {
  const [tenant, ...others] = tenants;
  if (tenant === undefined) throw new UnauthenticatedError("no org id");
  if (others.length > 0) throw new UnauthenticatedError("multiple org IDs present");
  return tenant;
}
