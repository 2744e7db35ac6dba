import type { Interceptor } from "@connectrpc/connect";
import { withRequestSpan } from "@hearth/telemetry";

import { tenantsKey } from "./call-context.ts";
import { methodPath } from "./service-registration.ts";

/** Makes a span of each call, in the trace that its headers name. Between calls of one process the trace goes by itself. */
export function traceInterceptor(): Interceptor {
  return (next) => (request) => {
    const tenant = request.contextValues.get(tenantsKey).join("|");
    const origin = {
      header: (name: string) => request.header.get(name) ?? undefined,
      attributes: { "rpc.system.name": "connectrpc", ...(tenant === "" ? {} : { tenant }) },
    };
    return withRequestSpan(methodPath(request.method).slice(1), origin, () => next(request));
  };
}
