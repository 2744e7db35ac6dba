import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";

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
  return trace.getTracer(TRACER_NAME).startActiveSpan(name, { attributes }, (span) => settle(span, work));
}

/** A request that came from elsewhere: gives a header, by its name in lower case. */
export interface RequestOrigin {
  readonly header: (name: string) => string | undefined;
  readonly attributes: Attributes;
}

/** The same for a request: the span belongs to the trace that the caller's headers name, if they name one. */
export function withRequestSpan<T>(
  name: string,
  { header, attributes }: RequestOrigin,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const options = { kind: SpanKind.SERVER, attributes };
  const tracer = trace.getTracer(TRACER_NAME);
  return tracer.startActiveSpan(name, options, parentOf(header), (span) => settle(span, work));
}

/** The span of a request whose end is known to somebody else. */
export interface RequestSpan {
  /** Calls `work`, and whatever it starts, as part of the span. */
  run(work: () => void): void;
  /** @param status - of HTTP; 5xx marks the span as failed. */
  end(status: number): void;
}

/** Begins what {@link withRequestSpan} does in one piece. */
export function startRequestSpan(name: string, { header, attributes }: RequestOrigin): RequestSpan {
  const parent = parentOf(header);
  const options = { kind: SpanKind.SERVER, attributes };
  const span = trace.getTracer(TRACER_NAME).startSpan(name, options, parent);
  return {
    run: (work) => context.with(trace.setSpan(parent, span), work),
    end(status) {
      span.setAttribute("http.response.status_code", status);
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** Headers that carry the current trace to another process; none outside of a trace. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

function parentOf(header: RequestOrigin["header"]): Context {
  return propagation.extract(context.active(), header, { get: (get, name) => get(name), keys: () => [] });
}

async function settle<T>(span: Span, work: (span: Span) => Promise<T>): Promise<T> {
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
}

/** The trace that the current call belongs to, 32 hex digits. */
export function activeTraceId(): string | undefined {
  const context = trace.getActiveSpan()?.spanContext();
  return context && isSpanContextValid(context) ? context.traceId : undefined;
}
