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
  } = {},
): Promise<ListeningNode> {
  const { nodeId = "peer:9099/4", wrap = (service) => service, port = 0, ...deps } = options;
  const messages = new Recorded<FrameMessage>();
  const observer = new RecordingObserver();
  const service = raftTransportService({
    identity: identityOf(nodeId),
    chainOf,
    onMessage: (message) => messages.add(message),
    snapshots: undefined,
    observer,
    ...deps,
  });
  const server = serverOf([wrap(service)], port);
  await server.listen();
  return {
    nodeId,
    origin: `http://127.0.0.1:${server.port}`,
    messages,
    observer,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Lets `before` run ahead of each call of `service`: to fail or hold it. */
export function wrapped(service: ServiceRegistration, before: () => Promise<void>): ServiceRegistration {
  const { service: desc, implementation, readMaxBytes } = service;
  const methods = Object.entries(implementation).map(([name, method]) => [
    name,
    async (...args: readonly unknown[]) => {
      await before();
      return await (method as unknown as (...args: readonly unknown[]) => unknown)(...args);
    },
  ]);
  return {
    service: desc,
    implementation: Object.fromEntries(methods) as typeof implementation,
    readMaxBytes,
  };
}

function serverOf(services: readonly ServiceRegistration[], port: number): HearthServer {
  return createServer(
    {
      host: "127.0.0.1",
      port,
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
