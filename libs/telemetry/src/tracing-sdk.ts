import { context, diag, DiagLogLevel, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { TracingDeps } from "./tracing.ts";
import type { SamplerPlan, TracingPlan } from "./tracing-plan.ts";

/** Installs the SDK for the whole process. Loaded only when there are spans to be sent: see `startTracing`. */
export function installTracing(plan: TracingPlan, deps: TracingDeps): AsyncDisposable {
  logProblems(deps);
  const defaults = { "service.name": deps.serviceName, "service.version": deps.serviceVersion };
  const provider = new TracerProvider({
    resource: resourceFromAttributes(defaults).merge(detectResources({ detectors: [envDetector] })),
    sampler: samplerOf(plan.sampler),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return { [Symbol.asyncDispose]: () => uninstall(provider, deps) };
}

/** Sends what is left. A collector that does not answer costs the exporter's time limit, 10 s by default. */
async function uninstall(provider: TracerProvider, { logger }: TracingDeps): Promise<void> {
  trace.disable();
  propagation.disable();
  context.disable();
  try {
    await provider.shutdown();
  } catch (error) {
    logger.warn("spans may be lost", { error });
  }
  diag.disable();
}

function samplerOf({ ratio, followsParent }: SamplerPlan): Sampler {
  const root = new TraceIdRatioBasedSampler(ratio);
  return followsParent ? new ParentBasedSampler({ root }) : root;
}

/** What the SDK has to say goes to the log of the process. */
function logProblems({ logger }: TracingDeps): void {
  const warn = (problem: string): void => logger.warn("tracing", { problem });
  const ignore = (): void => undefined;
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
