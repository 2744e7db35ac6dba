import { PusherService } from "@hearth/proto/push/v1";
import { implement, tenantsKey, type ServiceRegistration } from "@hearth/rpc";
import type { Clock, Random } from "@hearth/runtime";
import { noopLogger, type Logger, type MetricRegistry } from "@hearth/telemetry";
import type { LimitsSource } from "@hearth/tenant-limits";
import { Threads } from "@hearth/worker-pool";
import type { FastifyInstance } from "fastify";
import { Aggregator } from "./aggregation/aggregator.ts";
import { decodingThreads, type DistributorSettings } from "./config.ts";
import { Deliverer } from "./delivery/deliverer.ts";
import type { Router } from "./delivery/writer-client.ts";
import { registerIngestRoutes } from "./ingest/ingest-route.ts";
import { distributorMetrics } from "./metrics.ts";
import { Distributor } from "./push/distributor.ts";
import { ArtificialDelay } from "./push/artificial-delay.ts";
import { onlyTenant } from "./push/only-tenant.ts";
import { exportService } from "./otlp/grpc-export.ts";
import { registerOtlpRoutes } from "./otlp/otlp-routes.ts";
import { push } from "./rpc/push.ts";
import { PoolPreparer } from "./worker/preparer.ts";

export interface DistributorServiceDeps {
  readonly router: Router;
  readonly limits: LimitsSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: MetricRegistry;
  /** Told of profiles that were lost after they were acknowledged. */
  readonly logger?: Logger;
  /** The tenants that a request's headers name. @throws {UnauthenticatedError} */
  readonly resolveTenants: (header: Headers) => readonly string[];
  /** To prepare profiles in; it has threads of its own when absent. */
  readonly threads?: Threads;
}

/** A thread without work for so long ends. */
const IDLE_TIMEOUT_MS = 60_000;

/** Takes profiles from clients. Closing it waits for the decoding that runs and for what is on its way to writers. */
export class DistributorService implements AsyncDisposable {
  readonly #deps: DistributorServiceDeps;
  readonly #ownThreads: Threads | undefined;
  readonly #preparer: PoolPreparer;
  readonly #deliverer: Deliverer;
  readonly #aggregator: Aggregator;
  readonly #distributor: Distributor;
  readonly #delay: ArtificialDelay;
  readonly #stopping = new AbortController();
  /** Fulfilled when what was collected is stored; once the shutdown has begun. */
  #merged: Promise<void> | undefined;

  constructor(settings: DistributorSettings, deps: DistributorServiceDeps) {
    this.#deps = deps;
    const metrics = distributorMetrics(deps.registry);
    const threads =
      deps.threads ??
      (this.#ownThreads = new Threads({
        maxThreads: decodingThreads(settings),
        idleTimeoutMs: IDLE_TIMEOUT_MS,
      }));
    this.#preparer = new PoolPreparer({ maxQueued: settings.maxQueuedProfiles }, threads);
    this.#deliverer = new Deliverer({
      router: deps.router,
      clock: deps.clock,
      logger: deps.logger ?? noopLogger,
      metrics,
      timeLimitMs: settings.pushTimeoutMs,
    });
    this.#aggregator = new Aggregator({
      preparer: this.#preparer,
      deliverer: this.#deliverer,
      clock: deps.clock,
      logger: deps.logger ?? noopLogger,
      metrics,
    });
    this.#distributor = new Distributor(settings, {
      preparer: this.#preparer,
      aggregator: this.#aggregator,
      deliverer: this.#deliverer,
      limits: deps.limits,
      clock: deps.clock,
      random: deps.random,
      metrics,
    });
    this.#delay = new ArtificialDelay({ ...deps, stopping: this.#stopping.signal });
  }

  /** What clients call over Connect and gRPC. */
  get services(): readonly ServiceRegistration[] {
    const pusher = implement(PusherService, {
      push: async (request, { values, signal, responseHeader }) => {
        const beganMs = this.#delay.begin();
        const tenant = onlyTenant(values.get(tenantsKey));
        await push(request, tenant, this.#distributor, signal);
        const setHeader = (name: string, value: string): void => responseHeader.set(name, value);
        await this.#delay.hold({ tenant, beganMs, signal, setHeader });
        return {};
      },
    });
    return [pusher, exportService(this.#distributor, this.#delay)];
  }

  /** Adds `/ingest` and OTLP over HTTP. */
  async registerRoutes(app: FastifyInstance): Promise<void> {
    const { clock, resolveTenants } = this.#deps;
    const resolveTenant = (header: Headers): string => onlyTenant(resolveTenants(header));
    const routeDeps = { distributor: this.#distributor, delay: this.#delay, resolveTenant };
    await registerIngestRoutes(app, { ...routeDeps, clock });
    await registerOtlpRoutes(app, routeDeps);
    // Before the server waits for its requests: some of them wait for us.
    app.addHook("preClose", async () => this.beginShutdown());
  }

  /** Ends what only waits for time: answers that are held back, and profiles that are collected for merging. */
  beginShutdown(): void {
    this.#stopping.abort();
    this.#merged ??= this.#aggregator[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.beginShutdown();
    await this.#merged;
    await this.#preparer[Symbol.asyncDispose]();
    await this.#deliverer[Symbol.asyncDispose]();
    await this.#ownThreads?.[Symbol.asyncDispose]();
  }
}
