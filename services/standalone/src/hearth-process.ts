import { renderSettings } from "@hearth/config";
import { VCSService } from "@hearth/proto/vcs/v1";
import { AdHocProfileService } from "@hearth/proto/adhocprofiles/v1";
import { DebuginfoService } from "@hearth/proto/debuginfo/v1alpha1";
import { FeatureFlagsService } from "@hearth/proto/capabilities/v1";
import { SettingsService } from "@hearth/proto/settings/v1";
import { Version } from "@hearth/proto/version/v1";
import { unimplementedServices } from "@hearth/rpc";
import { systemClock } from "@hearth/runtime";
import {
  createServer,
  defaultLimits,
  HealthStatus,
  operationsRoutes,
  Readiness,
  type HearthServer,
  type ListenerSettings,
  type Routes,
  type ServerDeps,
} from "@hearth/server";
import {
  createLogger,
  registerBuildInfo,
  startTracing,
  type RootLogger,
  type TracingPlan,
} from "@hearth/telemetry";
import { greeting } from "./greeting.ts";
import type { Part } from "./parts/part.ts";
import { startCompactionWorker } from "./parts/start-compaction-worker.ts";
import { startDistributor } from "./parts/start-distributor.ts";
import { startQueryFrontend } from "./parts/start-query-frontend.ts";
import { startMetastore, startQueryBackend, startSegmentWriter } from "./parts/start-storage-parts.ts";
import { ProcessContext } from "./process-context.ts";
import { schemas, type HearthSettings } from "./settings.ts";
import { version } from "./version.ts";

const BUILD = { version, revision: "", branch: "", buildUser: "", buildDate: "" };

/** Services of the contract that are not there yet: clients are told so, instead of a 404. */
const LATER_SERVICES = [
  AdHocProfileService,
  DebuginfoService,
  FeatureFlagsService,
  SettingsService,
  VCSService,
  Version,
];

/** What a process finds beside its settings. */
export interface Surroundings {
  /** Of reading the settings; they are logged first. */
  readonly warnings: readonly string[];
  /** How spans are sent; absent when they are not. */
  readonly tracing: TracingPlan | undefined;
}

/**
 * The parts that `-target` names, composed in one process: the one place that knows them all. Parts call each other
 * through clients, in memory when they are here and over the network when they are not.
 */
export class HearthProcess implements AsyncDisposable {
  readonly #settings: HearthSettings;
  readonly #surroundings: Surroundings;
  readonly #logger: RootLogger;
  readonly #context: ProcessContext;
  readonly #health = new HealthStatus();
  readonly #failed = Promise.withResolvers<string>();
  #readiness = new Readiness([]);

  constructor(settings: HearthSettings, surroundings: Surroundings) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#logger = createLogger(settings.logging, { clock: systemClock, sink: process.stderr });
    this.#context = new ProcessContext(settings, this.#logger, this.#failed.resolve);
    registerBuildInfo(this.#context.registry, BUILD);
    this.#context.registry.collectProcessMetrics();
  }

  /** Opens what the parts need, starts them in the order of their dependence, and listens. */
  async start(): Promise<void> {
    for (const warning of this.#surroundings.warnings) this.#logger.warn(warning);
    await this.#startTracing();
    const parts = await this.#startParts();
    this.#readiness = new Readiness(parts.flatMap(({ checks }) => checks));
    const publicServer = await this.#listen(this.#publicListener(), {
      services: [
        ...parts.flatMap(({ publicServices }) => publicServices),
        ...unimplementedServices(LATER_SERVICES),
      ],
      routes: [...parts.flatMap(({ routes }) => routes), this.#operations()],
      resolveTenants: this.#context.resolveTenants,
    });
    const internalServer = this.#isWhole
      ? undefined
      : await this.#listen(this.#internalListener(), { services: this.#context.services, routes: [] });
    this.#health.set(true);
    this.#logger.info("listening", {
      port: publicServer.port,
      ...(internalServer ? { internalPort: internalServer.port } : {}),
      target: this.#settings.process.target.join(","),
    });
    this.#logger.flush();
    process.stdout.write(greeting(this.#settings, { version, port: publicServer.port }));
  }

  /** @returns the exit code: 0 when `stop` aborted, 1 when a part failed. */
  async runUntil(stop: AbortSignal): Promise<number> {
    const problem = await Promise.race([whenAborted(stop), this.#failed.promise]);
    this.#readiness.beginShutdown();
    this.#health.set(false);
    if (problem !== undefined) {
      this.#logger.error("stopping, since a part failed", { problem });
      return 1;
    }
    this.#logger.info("stopping");
    await this.#context.clock.sleep(this.#settings.process.shutdownDelayMs);
    return 0;
  }

  /** Closes in the reverse order of opening: first no more requests, at last the stores. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.opened.disposeAsync();
  }

  /** Nothing outside needs to call the parts of a process that runs them all, but for a metastore that is one of several. */
  get #isWhole(): boolean {
    return this.#settings.process.target.includes("all") && !this.#context.hasMetastoreOfGroup;
  }

  /** Before anything else, so that the spans of closing are sent too. */
  async #startTracing(): Promise<void> {
    const { tracing } = this.#surroundings;
    if (tracing === undefined) return;
    this.#context.opened.use(
      await startTracing(tracing, {
        logger: this.#logger.child("tracing"),
        serviceName: `pyroscope-${this.#settings.process.target.join(",")}`,
        serviceVersion: version,
      }),
    );
  }

  async #startParts(): Promise<Part[]> {
    const context = this.#context;
    const limits = await context.openLimits();
    const objectStore = await context.openObjectStore();
    const parts: Part[] = [];
    if (context.runs("metastore")) {
      const retentionMsOf = (tenant: string): number => limits.limitsFor(tenant).retentionPeriodMs;
      const tierAgesOf = (tenant: string): Record<string, number> => {
        const { compactionDownsample5mAfterMs, compactionDownsample1hAfterMs } = limits.limitsFor(tenant);
        return { "5m": compactionDownsample5mAfterMs, "1h": compactionDownsample1hAfterMs };
      };
      const deps = { objectStore, retentionMsOf, tierAgesOf };
      parts.push(await startMetastore(context, deps, this.#failed.resolve));
    }
    if (context.runs("segment-writer")) parts.push(await startSegmentWriter(context, objectStore));
    if (context.runs("query-backend")) parts.push(startQueryBackend(context));
    if (context.runs("compaction-worker"))
      parts.push(await startCompactionWorker(context, objectStore, this.#failed.resolve));
    if (context.runs("distributor")) parts.push(await startDistributor(context, limits));
    if (context.runs("query-frontend")) {
      parts.push(await startQueryFrontend(context, limits, () => this.#readiness));
    }
    return parts;
  }

  async #listen(
    listener: ListenerSettings,
    offer: Pick<ServerDeps, "services" | "routes" | "resolveTenants">,
  ): Promise<HearthServer> {
    const server = createServer(listener, {
      clock: this.#context.clock,
      logger: this.#logger.child("server"),
      metrics: this.#context.requestMetrics,
      health: this.#health,
      ...offer,
    });
    this.#context.opened.use(server);
    await server.listen();
    return server;
  }

  #operations(): Routes {
    const settings = this.#settings;
    return operationsRoutes({
      readiness: { evaluate: () => this.#readiness.evaluate() },
      registry: this.#context.registry,
      buildInfo: BUILD,
      config: {
        current: () => renderSettings(schemas, settings, "current"),
        diff: () => renderSettings(schemas, settings, "diff"),
        defaults: () => renderSettings(schemas, settings, "default"),
      },
    });
  }

  #publicListener(): ListenerSettings {
    const { server, distributor, queryFrontend } = this.#settings;
    return {
      host: server.httpListenAddress || "0.0.0.0",
      port: server.httpListenPort,
      pathPrefix: server.pathPrefix,
      limits: {
        ...defaultLimits,
        requestTimeoutMs: server.httpReadTimeoutMs || defaultLimits.requestTimeoutMs,
        idleTimeoutMs: server.httpIdleTimeoutMs,
      },
      readMaxBytes: this.#settings.limits.ingestionBodyLimitMb * 2 ** 20 || server.maxReceivedMessageBytes,
      maxCallMs:
        Math.max(server.httpWriteTimeoutMs, distributor.pushTimeoutMs, queryFrontend.queryTimeoutMs) * 2,
      gracefulShutdownTimeoutMs: server.gracefulShutdownTimeoutMs,
    };
  }

  #internalListener(): ListenerSettings {
    const { server } = this.#settings;
    return {
      ...this.#publicListener(),
      port: server.grpcListenPort,
      pathPrefix: "",
      readMaxBytes: server.maxReceivedMessageBytes,
    };
  }
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
