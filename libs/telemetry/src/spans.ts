import { type Attributes, isSpanContextValid, type Span, SpanStatusCode, trace } from "@opentelemetry/api";

const TRACER_NAME = "hearth";

/**
 * Runs `work` inside a span: an RPC, an object-store call, a Raft proposal, a merge stage. A failure marks the span and
 * passes on. Without a tracing SDK in the process it costs next to nothing.
 */
export function withSpan<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return trace.getTracer(TRACER_NAME).startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.recordException(error instanceof Error ? error : String(error));
      span.setStatus({
        code: SpanStatusCode.ERROR,
        message: error instanceof Error ? error.message : String(error),
      });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The trace that the current call belongs to, 32 hex digits. */
export function activeTraceId(): string | undefined {
  const context = trace.getActiveSpan()?.spanContext();
  return context && isSpanContextValid(context) ? context.traceId : undefined;
}
