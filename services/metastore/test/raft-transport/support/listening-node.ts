import type { ServerTls } from "../../../src/raft-transport/transport-tls.ts";
import type { RaftTransportServiceDeps } from "../../../src/raft-transport/transport-service.ts";
import { raftTransportService } from "../../../src/raft-transport/transport-service.ts";
import { requestMetrics, type ServiceRegistration } from "@hearth/rpc";
import { systemClock } from "@hearth/runtime";
import { createServer, defaultLimits, HealthStatus, type HearthServer } from "@hearth/server";
import { memoryLogger, MetricRegistry } from "@hearth/telemetry";
import type { FrameMessage } from "../../../src/raft-transport/frame-message.ts";
import { Recorded, RecordingObserver } from "./recorded.ts";
import { chainOf, identityOf } from "./samples.ts";

/** A node that listens on a free port of this machine, as processes do between each other, and writes down what it gets. */
export interface ListeningNode extends AsyncDisposable {
  readonly nodeId: string;
  readonly origin: string;
  readonly messages: Recorded<FrameMessage>;
  readonly observer: RecordingObserver;
}

export async function listen(
  options: Partial<RaftTransportServiceDeps> & {
    nodeId?: string;
    wrap?: (service: ServiceRegistration) => ServiceRegistration;
    port?: number;
    tls?: ServerTls;
  } = {},
): Promise<ListeningNode> {
  const { nodeId = "peer:9099/4", wrap = (service) => service, port = 0, tls, ...deps } = options;
  const messages = new Recorded<FrameMessage>();
  const observer = new RecordingObserver();
  const closing = new AbortController();
  const service = raftTransportService({
    identity: identityOf(nodeId),
    chainOf,
    onMessage: (message) => messages.add(message),
    snapshots: undefined,
    observer,
    closing: closing.signal,
    ...deps,
  });
  const server = serverOf([wrap(service)], { port, ...(tls && { tls }) });
  await server.listen();
  return {
    nodeId,
    origin: `${tls ? "https" : "http"}://127.0.0.1:${server.port}`,
    messages,
    observer,
    [Symbol.asyncDispose]: () => {
      closing.abort();
      return server[Symbol.asyncDispose]();
    },
  };
}

/** Lets `before` run ahead of each frame, and each piece of a snapshot, that `service` takes: to fail or hold it. */
export function wrapped(service: ServiceRegistration, before: () => Promise<void>): ServiceRegistration {
  type Method = (request: unknown, context: unknown) => unknown;
  const { deliver, installSnapshot } = service.implementation as unknown as Record<string, Method>;
  const held = async function* (requests: AsyncIterable<unknown>): AsyncGenerator {
    for await (const request of requests) {
      await before();
      yield request;
    }
  };
  const implementation: Record<string, Method> = {
    deliver: (requests, context) => deliver!(held(requests as AsyncIterable<unknown>), context),
    installSnapshot: async (request, context) => {
      await before();
      return await installSnapshot!(request, context);
    },
  };
  return { ...service, implementation: implementation as unknown as ServiceRegistration["implementation"] };
}

function serverOf(
  services: readonly ServiceRegistration[],
  settings: { port: number; tls?: ServerTls },
): HearthServer {
  return createServer(
    {
      host: "127.0.0.1",
      ...settings,
      pathPrefix: "",
      limits: defaultLimits,
      readMaxBytes: 1 << 20,
      maxCallMs: 60_000,
      gracefulShutdownTimeoutMs: 0,
    },
    {
      clock: systemClock,
      logger: memoryLogger().logger,
      metrics: requestMetrics(new MetricRegistry()),
      health: new HealthStatus(),
      services,
      routes: [],
    },
  );
}
