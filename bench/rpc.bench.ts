import { create } from "@bufbuild/protobuf";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import {
  type PushRequest,
  PushRequestSchema,
  SegmentWriterService,
} from "@hearth/proto/hearth/segmentwriter/v1";
import {
  implement,
  inProcessTransport,
  requestMetrics,
  serverInterceptors,
  undiciTransport,
} from "@hearth/rpc";
import { systemClock } from "@hearth/runtime";
import { createServer, defaultLimits, HealthStatus } from "@hearth/server";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";
import { bench, group } from "mitata";

/** Calls in flight at once, as between a distributor and a writer. */
const CONCURRENCY = 32;

/** What a unary call between our own processes costs, by the way it takes. Both ends are in this process. */
export async function register(): Promise<void> {
  const services = [implement(SegmentWriterService, { push: () => ({}) })];
  const metrics = requestMetrics(new MetricRegistry());
  const interceptors = serverInterceptors({
    logger: noopLogger,
    clock: systemClock,
    maxDurationMs: 30_000,
    metrics,
  });
  const server = createServer(
    {
      host: "127.0.0.1",
      port: 0,
      pathPrefix: "",
      // Idle connections would keep the process alive after the last benchmark.
      limits: { ...defaultLimits, idleTimeoutMs: 1_000 },
      readMaxBytes: 1 << 20,
      maxCallMs: 30_000,
      gracefulShutdownTimeoutMs: 0,
    },
    {
      clock: systemClock,
      logger: noopLogger,
      metrics,
      health: new HealthStatus(),
      services,
      routes: [],
    },
  );
  await server.listen();
  server.unref();
  const baseUrl = `http://127.0.0.1:${server.port}`;
  const ways: [string, Transport][] = [
    ["in process", inProcessTransport(services, interceptors)],
    ["our transport, direct door", ours(baseUrl)],
    ["Connect's transport over HTTP/1.1, direct door", stock(baseUrl, "1.1")],
    ["Connect's transport over HTTP/2, Connect's door", stock(baseUrl, "2")],
  ];
  for (const [size, sizeBytes] of [
    ["1 KB", 1_000],
    ["100 KB", 100_000],
  ] as const) {
    const request = create(PushRequestSchema, { batches: [{ columns: new Uint8Array(sizeBytes) }] });
    group(`${CONCURRENCY} calls of ${size}`, () => {
      for (const [name, transport] of ways) {
        const client = createClient(SegmentWriterService, transport);
        bench(name, () => callAtOnce(client, request));
      }
    });
  }
}

async function callAtOnce(client: Client<typeof SegmentWriterService>, request: PushRequest): Promise<void> {
  await Promise.all(Array.from({ length: CONCURRENCY }, () => client.push(request)));
}

function ours(origin: string): Transport {
  return undiciTransport({
    origin,
    maxConnections: CONCURRENCY,
    connectTimeoutMs: 1_000,
    defaultTimeoutMs: 30_000,
    readMaxBytes: 1 << 20,
  });
}

function stock(baseUrl: string, httpVersion: "1.1" | "2"): Transport {
  return createConnectTransport({ baseUrl, httpVersion, acceptCompression: [] });
}
