import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Clock } from "@hearth/runtime";
import {
  buckets,
  gauge,
  histogram,
  type Gauge,
  type Histogram,
  type MetricRegistry,
} from "@hearth/telemetry";

import { toConnectError } from "./error-mapping.ts";
import { methodPath } from "./service-registration.ts";

/** The metrics of requests, shared by RPC and plain routes of all listeners of a process: define them once. */
export interface RequestMetrics {
  readonly requestSeconds: Histogram<"method" | "route" | "status_code" | "ws">;
  readonly requestBytes: Histogram<"method" | "route">;
  readonly responseBytes: Histogram<"method" | "route">;
  readonly inflightRequests: Gauge<"method" | "route">;
}

/** Defines them; their names are those that dashboards expect. @throws when they are defined already. */
export function requestMetrics(registry: MetricRegistry): RequestMetrics {
  return registry.define({
    requestSeconds: histogram(
      "request_duration_seconds",
      "Time spent on requests, by outcome.",
      buckets.requestSeconds,
      ["method", "route", "status_code", "ws"],
    ),
    requestBytes: histogram("request_message_bytes", "Size of requests.", buckets.messageBytes, [
      "method",
      "route",
    ]),
    responseBytes: histogram("response_message_bytes", "Size of answers.", buckets.messageBytes, [
      "method",
      "route",
    ]),
    inflightRequests: gauge("inflight_requests", "Requests being worked on.", ["method", "route"]),
  });
}

/** What dashboards call our internal calls, whatever protocol carries them. */
export const RPC_METHOD = "gRPC";

/**
 * Counts internal calls by method and outcome. Public ones are counted as HTTP requests by the server instead.
 * Must be the outermost interceptor, or it misses what others refuse.
 */
export function callMetricsInterceptor(metrics: RequestMetrics, clock: Clock): Interceptor {
  return (next) => async (request) => {
    const labels = { method: RPC_METHOD, route: rpcRoute(methodPath(request.method)) };
    const startMs = clock.monotonicMs();
    let outcome = "success";
    metrics.inflightRequests.inc(labels);
    try {
      return await next(request);
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      const elapsedSeconds = (clock.monotonicMs() - startMs) / 1000;
      metrics.inflightRequests.dec(labels);
      metrics.requestSeconds.observe({ ...labels, status_code: outcome, ws: "false" }, elapsedSeconds);
    }
  };
}

/** `success`, `cancel`, or the name of the gRPC code. */
export function outcomeOf(error: unknown): string {
  const { code } = error instanceof ConnectError ? error : toConnectError(error);
  return code === Code.Canceled ? "cancel" : (Code[code] ?? "Unknown");
}

/** Our packages are named like the reference's with `hearth.` in front: without it, dashboards find the series they chart. */
function rpcRoute(path: string): string {
  return path.replace(/^\/hearth\./, "/");
}
