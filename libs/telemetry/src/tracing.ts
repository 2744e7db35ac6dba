import type { Logger } from "./logger.ts";
import type { TracingPlan } from "./tracing-plan.ts";

export interface TracingDeps {
  readonly logger: Logger;
  /** Unless `OTEL_SERVICE_NAME` says another. */
  readonly serviceName: string;
  readonly serviceVersion: string;
}

/**
 * Sends the spans of this process from now on; closing it sends what is left. The SDK is loaded here and not before:
 * processes that send no spans do without it.
 */
export async function startTracing(plan: TracingPlan, deps: TracingDeps): Promise<AsyncDisposable> {
  for (const problem of plan.warnings) deps.logger.warn("tracing", { problem });
  const { installTracing } = await import("./tracing-sdk.ts");
  return installTracing(plan, deps);
}
