import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

import { bytesTag, WireReader } from "@hearth/protobuf-wire";

/** What the tests look at in a span of OTLP. Ids are in hex. */
export interface ReceivedSpan {
  /** `service.name` of the process that sent it. */
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentSpanId: string;
}

/** Takes spans as a collector does, by OTLP over HTTP, and keeps them. */
export class TraceCollector implements AsyncDisposable {
  readonly #server: Server;
  readonly spans: ReceivedSpan[] = [];

  static async start(): Promise<TraceCollector> {
    const collector = new TraceCollector();
    collector.#server.listen(0, "127.0.0.1");
    await once(collector.#server, "listening");
    return collector;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      void buffer(request).then((body) => {
        const bytes = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
        if (request.url === "/v1/traces") this.spans.push(...readSpans(bytes));
        response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
      });
    });
  }

  /** What `OTEL_EXPORTER_OTLP_ENDPOINT` is to be. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** `ExportTraceServiceRequest`: resource spans → scope spans → spans. */
function readSpans(request: Uint8Array): ReceivedSpan[] {
  return fieldsOf(request, 1).flatMap((resourceSpans) => {
    const [service = ""] = fieldsOf(resourceSpans, 1).flatMap((resource) =>
      fieldsOf(resource, 1)
        .filter((attribute) => textOf(attribute, 1) === "service.name")
        .map((attribute) => textOf(fieldsOf(attribute, 2)[0]!, 1)),
    );
    const spans = fieldsOf(resourceSpans, 2).flatMap((scopeSpans) => fieldsOf(scopeSpans, 2));
    return spans.map((span) => ({
      service,
      name: textOf(span, 5),
      traceId: hexOf(span, 1),
      spanId: hexOf(span, 2),
      parentSpanId: hexOf(span, 4),
    }));
  });
}

/** Every value of a field of messages, strings or bytes. */
function fieldsOf(message: Uint8Array, field: number): Uint8Array[] {
  const reader = new WireReader(message, { subject: "trace" });
  const values: Uint8Array[] = [];
  while (reader.position < message.length) {
    const tag = reader.uint32();
    if (tag === bytesTag(field)) {
      const end = reader.nestedEnd(message.length);
      values.push(message.subarray(reader.position, end));
      reader.position = end;
    } else reader.skip(tag, message.length);
  }
  return values;
}

function textOf(message: Uint8Array, field: number): string {
  return Buffer.from(fieldsOf(message, field)[0] ?? []).toString();
}

function hexOf(message: Uint8Array, field: number): string {
  return Buffer.from(fieldsOf(message, field)[0] ?? []).toString("hex");
}
