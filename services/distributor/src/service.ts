import { PusherService } from "@hearth/proto/push/v1";
import { implement, tenantsKey, type ServiceRegistration } from "@hearth/rpc";
import type { Clock } from "@hearth/runtime";
import type { MetricRegistry } from "@hearth/telemetry";
import type { LimitsSource } from "@hearth/tenant-limits";
import type { FastifyInstance } from "fastify";
import { decodingThreads, type DistributorSettings } from "./config.ts";
import type { Router } from "./delivery/writer-client.ts";
import { registerIngestRoutes } from "./ingest/ingest-route.ts";
import { distributorMetrics } from "./metrics.ts";
import { Distributor } from "./push/distributor.ts";
import { onlyTenant } from "./push/only-tenant.ts";
import { push } from "./rpc/push.ts";
import { PoolPreparer } from "./worker/pool-preparer.ts";

export interface DistributorServiceDeps {
  readonly router: Router;
  readonly limits: LimitsSource;
  readonly clock: Clock;
  readonly registry: MetricRegistry;
  /** The tenants that a request's headers name. @throws {UnauthenticatedError} */
  readonly resolveTenants: (header: Headers) => readonly string[];
}

/** Takes profiles from clients. Closing it waits for the decoding that runs. */
export class DistributorService implements AsyncDisposable {
  readonly #deps: DistributorServiceDeps;
  readonly #preparer: PoolPreparer;
  readonly #distributor: Distributor;

  constructor(settings: DistributorSettings, deps: DistributorServiceDeps) {
    this.#deps = deps;
    this.#preparer = new PoolPreparer({
      threads: decodingThreads(settings),
      maxQueued: settings.maxQueuedProfiles,
    });
    this.#distributor = new Distributor(settings, {
      ...deps,
      preparer: this.#preparer,
      metrics: distributorMetrics(deps.registry),
    });
  }

  /** What clients call over Connect and gRPC. */
  get services(): readonly ServiceRegistration[] {
    return [
      implement(PusherService, {
        push: async (request, { values, signal }) => {
          await push(request, onlyTenant(values.get(tenantsKey)), this.#distributor, signal);
          return {};
        },
      }),
    ];
  }

  /** Adds `/ingest`. */
  async registerRoutes(app: FastifyInstance): Promise<void> {
    const { clock, resolveTenants } = this.#deps;
    const resolveTenant = (header: Headers): string => onlyTenant(resolveTenants(header));
    await registerIngestRoutes(app, { distributor: this.#distributor, clock, resolveTenant });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#preparer[Symbol.asyncDispose]();
  }
}
