import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";

import { tenantsKey, type Tenants } from "./call-context.ts";
import { toConnectError } from "./error-mapping.ts";

/** Reads the tenants from a request's headers; throws `UnauthenticatedError` for none or a bad one. */
export type TenantResolver = (header: Headers) => Tenants;

/** Services that belong to no tenant. */
const WITHOUT_TENANT: ReadonlySet<string> = new Set(["grpc.health.v1.Health", "version.v1.Version"]);

/**
 * What is asked of a call before its body is read: a protocol version that we speak, and tenants, which it puts into
 * the context. For Connect's option of the same name.
 *
 * @param resolveTenants - absent where messages name their tenants themselves.
 */
export function requestGate(resolveTenants: TenantResolver | undefined): (context: HandlerContext) => void {
  return (context) => {
    requireKnownVersion(context.requestHeader);
    if (resolveTenants === undefined || WITHOUT_TENANT.has(context.service.typeName)) return;
    try {
      context.values.set(tenantsKey, resolveTenants(context.requestHeader));
    } catch (error) {
      throw toConnectError(error);
    }
  };
}

/** The header may be absent, but not name another version. */
function requireKnownVersion(header: Headers): void {
  const version = header.get("connect-protocol-version");
  if (version === null || version === "1") return;
  throw new ConnectError(`Connect-Protocol-Version must be "1": got "${version}"`, Code.InvalidArgument);
}
