import { UnauthenticatedError } from "@hearth/errors";
import { requestMetrics, type ServiceRegistration, type TenantResolver } from "@hearth/rpc";
import { systemClock } from "@hearth/runtime";
import { type LogEvent, memoryLogger, MetricRegistry } from "@hearth/telemetry";

import {
  createServer,
  defaultLimits,
  type HearthServer,
  HealthStatus,
  type ListenerSettings,
  operationsRoutes,
  Readiness,
  type ReadinessCheck,
  type Routes,
} from "../../src/index.ts";

export interface RunningServer extends AsyncDisposable {
  readonly server: HearthServer;
  readonly baseUrl: string;
  readonly port: number;
  readonly events: LogEvent[];
  readonly health: HealthStatus;
  readonly readiness: Readiness;
  readonly registry: MetricRegistry;
}

export interface StartOptions {
  readonly services?: readonly ServiceRegistration[];
  readonly routes?: readonly Routes[];
  readonly checks?: readonly ReadinessCheck[];
  readonly settings?: Partial<ListenerSettings>;
  /** The one of a server for clients by default; null for one between our own processes. */
  readonly resolveTenants?: TenantResolver | null;
}

/** A server on a free port of this machine, with probes, a log in memory and short times. */
export async function startServer(options: StartOptions = {}): Promise<RunningServer> {
  const { logger, events } = memoryLogger();
  const registry = new MetricRegistry();
  const health = new HealthStatus();
  const readiness = new Readiness(options.checks ?? []);
  const resolveTenants = options.resolveTenants === undefined ? tenantHeader : options.resolveTenants;
  const server = createServer(
    {
      host: "127.0.0.1",
      port: 0,
      pathPrefix: "",
      limits: defaultLimits,
      readMaxBytes: 1 << 20,
      maxCallMs: 5_000,
      gracefulShutdownTimeoutMs: 5_000,
      ...options.settings,
    },
    {
      clock: systemClock,
      logger,
      metrics: requestMetrics(registry),
      health,
      services: options.services ?? [],
      routes: [operationsRoutes({ readiness, registry, buildInfo, config }), ...(options.routes ?? [])],
      ...(resolveTenants ? { resolveTenants } : {}),
    },
  );
  await server.listen();
  const { port } = server;
  return {
    server,
    port,
    baseUrl: `http://127.0.0.1:${port}`,
    events,
    health,
    readiness,
    registry,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const buildInfo = { version: "1.2.3", revision: "abc", branch: "main", buildUser: "", buildDate: "" };
const config = {
  current: () => "server:\n  http_listen_port: 4040\n",
  diff: () => "{}\n",
  defaults: () => `# ${"default settings ".repeat(200)}\n`,
};

function tenantHeader(header: Headers): readonly string[] {
  const tenant = header.get("x-scope-orgid");
  if (tenant === null) throw new UnauthenticatedError("no org id");
  return tenant.split("|");
}
