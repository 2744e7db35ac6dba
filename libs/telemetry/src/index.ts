export { BoundedLabel } from "./bounded-label.ts";
export { buckets, linearBuckets } from "./buckets.ts";
export { buildInfoAnswer, registerBuildInfo, type BuildInfo } from "./build-info.ts";
export { type LogContext, type LogFormat } from "./log-line.ts";
export {
  memoryLogger,
  noopLogger,
  type LogEvent,
  type LogFields,
  type Logger,
  type LogLevel,
} from "./logger.ts";
export {
  counter,
  gauge,
  histogram,
  MetricRegistry,
  unprefixed,
  type Counter,
  type Exposition,
  type Gauge,
  type Histogram,
  type MetricSpec,
} from "./metrics.ts";
export {
  activeTraceId,
  startRequestSpan,
  traceHeaders,
  withRequestSpan,
  withSpan,
  type RequestOrigin,
  type RequestSpan,
} from "./spans.ts";
export { startTracing, type TracingDeps } from "./tracing.ts";
export { planTracing, type SamplerPlan, type TracingPlan } from "./tracing-plan.ts";
export { createLogger, type LogSink, type RootLogger } from "./winston-logger.ts";
