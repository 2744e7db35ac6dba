import { readFile } from "node:fs/promises";
import type { Transport } from "@connectrpc/connect";
import { renderSettings, type Target } from "@hearth/config";
import { DistributorService, PlacementRouter } from "@hearth/distributor";
import { Metastore } from "@hearth/metastore";
import {
  FilesystemObjectStore,
  InstrumentedObjectStore,
  objectStoreMetrics,
  type ObjectStore,
} from "@hearth/object-store";
import { QueryBackend } from "@hearth/query-backend";
import { defineMetrics as queryFrontendMetrics, QueryFrontendService } from "@hearth/query-frontend";
import {
  inProcessTransport,
  requestMetrics,
  serverInterceptors,
  type RequestMetrics,
  type ServiceRegistration,
} from "@hearth/rpc";
import { systemClock, systemRandom, TaskGroup } from "@hearth/runtime";
import { SegmentWriterService } from "@hearth/segment-writer";
import {
  createServer,
  defaultLimits,
  HealthStatus,
  operationsRoutes,
  Readiness,
  type HearthServer,
  type ReadinessCheck,
  type Routes,
} from "@hearth/server";
import { createLogger, MetricRegistry, registerBuildInfo, type RootLogger } from "@hearth/telemetry";
import { TENANT_HEADER, tenantResolver } from "@hearth/tenancy";
import { combineQueryLimits, RuntimeLimits } from "@hearth/tenant-limits";
import { backendClient, blockIndex, metadataClient, segmentWriterClient } from "./clients.ts";
import { registerHomeRoutes } from "./home/home-routes.ts";
import { schemas, type HearthSettings } from "./settings.ts";
import { version } from "./version.ts";

/** Longest call between parts of one process. */
const MAX_INTERNAL_CALL_MS = 60_000;

/**
 * The parts that `-target` names, composed in one process: the one place that knows them all. Parts call each other
 * through clients, in memory when they are here and over the network when they are not.
 */
export class HearthProcess implements AsyncDisposable {
  readonly #settings: HearthSettings;
  readonly #warnings: readonly string[];
  readonly #clock = systemClock;
  readonly #registry = new MetricRegistry();
  readonly #logger: RootLogger;
  readonly #health = new HealthStatus();
  readonly #metrics: RequestMetrics;
  readonly #opened = new AsyncDisposableStack();
  readonly #tasks: TaskGroup;
  readonly #failed = Promise.withResolvers<string>();
  #readiness = new Readiness([]);
  #server: HearthServer | undefined;

  constructor(settings: HearthSettings, warnings: readonly string[]) {
    this.#settings = settings;
    this.#warnings = warnings;
    this.#logger = createLogger(settings.logging, { clock: this.#clock, sink: process.stderr });
    this.#metrics = requestMetrics(this.#registry);
    this.#tasks = new TaskGroup((name, error) =>
      this.#failed.resolve(`task ${name} failed: ${String(error)}`),
    );
    registerBuildInfo(this.#registry, BUILD);
  }

  /** Opens what the parts need, starts them in the order of their dependence, and listens. */
  async start(): Promise<void> {
    for (const warning of this.#warnings) this.#logger.warn(warning);
    this.#opened.defer(() => this.#logger.flush());
    this.#opened.defer(() => this.#tasks.stop());
    const parts = await this.#startParts();
    this.#readiness = new Readiness(parts.checks);
    this.#server = createServer(this.#listener(), {
      clock: this.#clock,
      logger: this.#logger.child("server"),
      metrics: this.#metrics,
      health: this.#health,
      services: parts.publicServices,
      routes: [...parts.routes, this.#operations()],
      resolveTenants: this.#resolveTenants,
    });
    this.#opened.use(this.#server);
    await this.#server.listen();
    this.#health.set(true);
    this.#greet(this.#server.port);
  }

  /** @returns the exit code: 0 when `stop` aborted, 1 when a part failed. */
  async runUntil(stop: AbortSignal): Promise<number> {
    const stopped = new Promise<undefined>((resolve) => {
      if (stop.aborted) resolve(undefined);
      stop.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    const problem = await Promise.race([stopped, this.#failed.promise]);
    this.#readiness.beginShutdown();
    this.#health.set(false);
    if (problem !== undefined) {
      this.#logger.error("stopping, since a part failed", { problem });
      return 1;
    }
    this.#logger.info("stopping");
    await this.#clock.sleep(this.#settings.process.shutdownDelayMs);
    return 0;
  }

  /** Closes in the reverse order of opening: first no more requests, at last the stores. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  async #startParts(): Promise<StartedParts> {
    const settings = this.#settings;
    const limits = await this.#openLimits();
    const objectStore = await this.#openObjectStore();
    const internal: ServiceRegistration[] = [];
    const publicServices: ServiceRegistration[] = [];
    const routes: Routes[] = [];
    const checks: ReadinessCheck[] = [];

    if (this.#runs("metastore")) {
      const metastore = new Metastore(settings.metastore, {
        objectStore,
        clock: this.#clock,
        registry: this.#registry,
        logger: this.#logger.child("metastore"),
        onFatal: (problem) => this.#failed.resolve(`metastore: ${problem}`),
      });
      this.#opened.use(metastore);
      await metastore.start();
      internal.push(...metastore.services);
      checks.push({ name: "metastore", check: () => metastore.readinessProblem() });
    }
    const metastoreTransport = this.#transportTo(internal);

    if (this.#runs("segment-writer")) {
      const writer = new SegmentWriterService(settings.segmentWriter, {
        objectStore,
        index: blockIndex(metastoreTransport),
        clock: this.#clock,
        random: systemRandom,
        registry: this.#registry,
        logger: this.#logger.child("segment-writer"),
      });
      this.#opened.use(writer);
      await writer.start();
      internal.push(...writer.services);
    }
    if (this.#runs("query-backend")) {
      const backend = new QueryBackend(settings.queryBackend, {
        registry: this.#registry,
        clock: this.#clock,
        storageDir: settings.storage.filesystemDir,
      });
      this.#opened.use(backend);
      internal.push(...backend.services);
    }
    const transport = this.#transportTo(internal);
    if (this.#runs("distributor")) {
      const writers = [
        { id: "segment-writer-0", address: "in-process", client: segmentWriterClient(transport) },
      ];
      const distributor = new DistributorService(settings.distributor, {
        router: new PlacementRouter(writers, { limits, random: systemRandom }),
        limits,
        clock: this.#clock,
        registry: this.#registry,
        resolveTenants: this.#resolveTenants,
      });
      this.#opened.use(distributor);
      publicServices.push(...distributor.services);
      routes.push((app) => distributor.registerRoutes(app));
    }
    if (this.#runs("query-frontend")) {
      const metadata = metadataClient(transport);
      const frontend = new QueryFrontendService(
        {
          metadata,
          backend: backendClient(transport),
          limitsFor: (tenants) => combineQueryLimits(tenants.map((tenant) => limits.limitsFor(tenant))),
          resolveTenants: this.#resolveTenants,
          clock: this.#clock,
          logger: this.#logger.child("query-frontend"),
          metrics: queryFrontendMetrics(this.#registry),
        },
        settings.queryFrontend,
      );
      this.#opened.use(frontend);
      publicServices.push(...frontend.services);
      routes.push((app) => frontend.registerRoutes(app));
      routes.push((app) => {
        registerHomeRoutes(app, {
          metadata,
          readiness: { evaluate: () => this.#readiness.evaluate() } as Readiness,
          clock: this.#clock,
          version,
          multitenancyEnabled: settings.process.multitenancyEnabled,
        });
      });
    }
    return { publicServices, routes, checks };
  }

  #runs(target: Target): boolean {
    const { target: targets } = this.#settings.process;
    return targets.includes("all") || targets.includes(target);
  }

  /** Calls services of this process. */
  #transportTo(services: readonly ServiceRegistration[]): Transport {
    const interceptors = serverInterceptors({
      logger: this.#logger.child("rpc"),
      clock: this.#clock,
      maxDurationMs: MAX_INTERNAL_CALL_MS,
      metrics: this.#metrics,
    });
    return inProcessTransport(services, interceptors);
  }

  async #openLimits(): Promise<RuntimeLimits> {
    const limits = new RuntimeLimits(this.#settings.limits, this.#settings.runtimeConfig, {
      clock: this.#clock,
      logger: this.#logger.child("limits"),
      metrics: this.#registry,
      readFile: (path) => readFile(path, "utf8"),
    });
    await limits.start();
    this.#tasks.spawn("limits", (stop) => limits.reloadUntil(stop));
    return limits;
  }

  async #openObjectStore(): Promise<ObjectStore> {
    const dir = this.#settings.storage.filesystemDir;
    const store = new FilesystemObjectStore({ dir }, { clock: this.#clock, random: systemRandom });
    await store.start(this.#tasks.signal);
    this.#opened.use(store);
    return new InstrumentedObjectStore(store, {
      bucket: "filesystem",
      metrics: objectStoreMetrics(this.#registry),
      clock: this.#clock,
    });
  }

  #resolveTenants = (header: Headers): readonly string[] => {
    const { multitenancyEnabled } = this.#settings.process;
    return tenantResolver({ multitenancyEnabled }).forRead(header.get(TENANT_HEADER));
  };

  #operations(): Routes {
    const settings = this.#settings;
    return operationsRoutes({
      readiness: { evaluate: () => this.#readiness.evaluate() } as Readiness,
      registry: this.#registry,
      buildInfo: BUILD,
      config: {
        current: () => renderSettings(schemas, settings, "current"),
        diff: () => renderSettings(schemas, settings, "diff"),
        defaults: () => renderSettings(schemas, settings, "default"),
      },
    });
  }

  #listener() {
    const { server } = this.#settings;
    return {
      host: server.httpListenAddress || "0.0.0.0",
      port: server.httpListenPort,
      pathPrefix: server.pathPrefix,
      limits: { ...defaultLimits, idleTimeoutMs: server.httpIdleTimeoutMs },
      readMaxBytes: server.maxReceivedMessageBytes,
      maxCallMs: server.httpWriteTimeoutMs * 2 || MAX_INTERNAL_CALL_MS,
      gracefulShutdownTimeoutMs: server.gracefulShutdownTimeoutMs,
    };
  }

  /** Tells a person where to go; a machine reads the log. */
  #greet(port: number): void {
    const { storage, metastore, process: own } = this.#settings;
    const address = `http://localhost:${port}`;
    this.#logger.info("listening", { port, target: own.target.join(",") });
    this.#logger.flush();
    process.stdout.write(
      [
        `Hearth ${version} listens on ${address}`,
        `  data        ${storage.filesystemDir} and ${metastore.raftDir}`,
        `  send        curl --data-binary @cpu.pb.gz '${address}/ingest?name=my-service&format=pprof'`,
        `  look        ${address}/ , or Grafana with a Pyroscope data source at this address`,
        `  stop        Ctrl-C`,
        "",
      ].join("\n"),
    );
  }
}

interface StartedParts {
  readonly publicServices: readonly ServiceRegistration[];
  readonly routes: readonly Routes[];
  readonly checks: readonly ReadinessCheck[];
}

const BUILD = { version, revision: "", branch: "", buildUser: "", buildDate: "" };
