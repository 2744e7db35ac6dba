import type { Interceptor } from "@connectrpc/connect";
import type { Clock } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";

import { callMetricsInterceptor, type RequestMetrics } from "./call-metrics.ts";
import { deadlineInterceptor } from "./deadline-interceptor.ts";
import { errorInterceptor } from "./error-interceptor.ts";
import { traceInterceptor } from "./trace-interceptor.ts";

export interface ServerInterceptorOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Longest time a unary call may take. */
  readonly maxDurationMs: number;
  /** Present where calls are to be counted here instead of as HTTP requests: between our own processes. */
  readonly metrics?: RequestMetrics;
}

/** What every call passes on its way to its implementation, outermost first, whichever door it came by. */
export function serverInterceptors(options: ServerInterceptorOptions): Interceptor[] {
  const { logger, clock, maxDurationMs, metrics } = options;
  return [
    ...(metrics ? [callMetricsInterceptor(metrics, clock)] : []),
    traceInterceptor(),
    errorInterceptor(logger),
    deadlineInterceptor(maxDurationMs),
  ];
}
