import type { IncomingMessage } from "node:http";

const TENANT_HEADER = "x-scope-orgid";

/** Of repeated tenant headers the first counts. Node joins them with `, `, which is no tenant at all. */
export function keepFirstTenantHeader(request: IncomingMessage): void {
  if (!request.headers[TENANT_HEADER]?.includes(", ")) return;
  const { rawHeaders } = request;
  const first = rawHeaders.findIndex(
    (name, index) => index % 2 === 0 && name.toLowerCase() === TENANT_HEADER,
  );
  request.headers[TENANT_HEADER] = rawHeaders[first + 1];
}
