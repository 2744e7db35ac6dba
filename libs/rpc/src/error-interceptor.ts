import { Code, type ConnectError, type Interceptor } from "@connectrpc/connect";
import { activeTraceId, type Logger } from "@hearth/telemetry";

import { abortReason, isAbort } from "./abort-reason.ts";
import { requestIdKey, tenantsKey } from "./call-context.ts";
import { isExpected, toConnectError } from "./error-mapping.ts";
import { methodPath } from "./service-registration.ts";

type Call = Parameters<ReturnType<Interceptor>>[0];

/**
 * Maps what an implementation throws to what its client sees, and logs once what the client is not told: defects, and
 * failures of our own side. Outermost but for metrics.
 */
export function errorInterceptor(logger: Logger): Interceptor {
  return (next) => async (request) => {
    const mapped = (error: unknown): ConnectError => mapAndLog(logger, request, error);
    try {
      const response = await next(request);
      return response.stream ? { ...response, message: mapErrors(response.message, mapped) } : response;
    } catch (error) {
      throw mapped(error);
    }
  };
}

async function* mapErrors<T>(
  messages: AsyncIterable<T>,
  mapped: (error: unknown) => ConnectError,
): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw mapped(error);
  }
}

function mapAndLog(logger: Logger, request: Call, thrown: unknown): ConnectError {
  // What waits on an aborted signal throws all sorts of things: the reason is what happened.
  const error = request.signal.aborted && isAbort(thrown) ? abortReason(request.signal) : thrown;
  const mapped = toConnectError(error);
  if (isOurFault(error, mapped)) {
    logger.error("request failed", {
      method: methodPath(request.method),
      code: Code[mapped.code],
      tenant: request.contextValues.get(tenantsKey).join("|"),
      requestId: request.contextValues.get(requestIdKey),
      traceId: activeTraceId(),
      error,
    });
  }
  return mapped;
}

function isOurFault(error: unknown, mapped: ConnectError): boolean {
  return !isExpected(error) || mapped.code === Code.Internal || mapped.code === Code.DataLoss;
}
