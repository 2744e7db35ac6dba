import type { ServiceRegistration } from "@hearth/rpc";
import type { Clock } from "@hearth/runtime";
import type { Logger, MetricRegistry } from "@hearth/telemetry";
import type { FastifyInstance } from "fastify";

import type { QueryFrontendSettings } from "./config.ts";
import type { DeletionClient } from "./deletions/deletion-client.ts";
import { profileDeletionService } from "./deletions/profile-deletion-service.ts";
import type { BackendClient, MetadataClient } from "./execute/clients.ts";
import { QueryExecutor } from "./execute/query-executor.ts";
import { Merger } from "./merge/merger.ts";
import { queryFrontendMetrics } from "./metrics.ts";
import { querierService } from "./querier-service.ts";
import type { QueryFrontend } from "./query-frontend.ts";
import { registerRenderRoutes, type RenderRoutesDeps } from "./render/routes.ts";
import type { QueryLimits } from "./request/query-limits.ts";

export interface QueryFrontendDeps {
  readonly metadata: MetadataClient;
  readonly deletions: DeletionClient;
  readonly backend: BackendClient;
  /** The limits of several tenants together. */
  readonly limitsFor: (tenants: readonly string[]) => QueryLimits;
  readonly resolveTenants: RenderRoutesDeps["resolveTenants"];
  readonly clock: Clock;
  readonly registry: MetricRegistry;
  readonly logger: Logger;
}

/** What opening a block costs, in bytes read in the same time: two requests of about 20 ms at 50 MB/s. */
const BLOCK_COST_BYTES = 2 ** 20;

/** Answers queries. Holds no state but answers that never change; closing it stops the threads that merge. */
export class QueryFrontendService implements AsyncDisposable {
  readonly #frontend: QueryFrontend;
  readonly #resolveTenants: RenderRoutesDeps["resolveTenants"];
  readonly #merger: Merger;
  readonly #deletions: DeletionClient;

  constructor(settings: QueryFrontendSettings, deps: QueryFrontendDeps) {
    this.#resolveTenants = deps.resolveTenants;
    this.#deletions = deps.deletions;
    const measured = { ...deps, metrics: queryFrontendMetrics(deps.registry) };
    this.#merger = new Merger(settings, measured);
    const plan = { ...settings, blockCostBytes: BLOCK_COST_BYTES, timeoutMs: settings.queryTimeoutMs };
    this.#frontend = {
      executor: new QueryExecutor(plan, measured),
      merger: this.#merger,
      metadata: deps.metadata,
      limitsFor: deps.limitsFor,
      clock: deps.clock,
      settings,
    };
  }

  /** The read API over Connect and gRPC, and that of deletions. */
  get services(): readonly ServiceRegistration[] {
    return [querierService(this.#frontend), profileDeletionService(this.#deletions)];
  }

  /** Adds the read API of older clients. */
  registerRoutes(app: FastifyInstance): void {
    registerRenderRoutes(app, { frontend: this.#frontend, resolveTenants: this.#resolveTenants });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#merger[Symbol.asyncDispose]();
  }
}
