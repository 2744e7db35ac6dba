import { availableParallelism } from "node:os";
import { ResourceExhaustedError } from "@hearth/errors";
import { QueryBackendService, type InvokeRequest, type InvokeResponse } from "@hearth/proto/hearth/query/v1";
import { implement, type ServiceRegistration } from "@hearth/rpc";
import type { Clock } from "@hearth/runtime";
import type { Logger, MetricRegistry } from "@hearth/telemetry";
import type { QueryBackendSettings } from "./config.ts";
import { queryBackendMetrics, type QueryBackendMetrics } from "./metrics.ts";
import { invoke } from "./rpc/invoke.ts";
import { QueryWorkers } from "./worker/query-workers.ts";

export interface QueryBackendDeps {
  readonly registry: MetricRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Root folder of the bucket: worker threads open it themselves. */
  readonly storageDir: string;
}

/** Reads blocks for queries: stateless but for its cache of immutable sections. */
export class QueryBackend implements AsyncDisposable {
  readonly #settings: QueryBackendSettings;
  readonly #clock: Clock;
  readonly #metrics: QueryBackendMetrics;
  readonly #workers: QueryWorkers;
  #running = 0;

  constructor(settings: QueryBackendSettings, deps: QueryBackendDeps) {
    this.#settings = settings;
    this.#clock = deps.clock;
    this.#metrics = queryBackendMetrics(deps.registry);
    this.#workers = new QueryWorkers(
      {
        storageDir: deps.storageDir,
        cacheBytes: settings.cacheBytes,
        readAhead: settings.readAhead,
        threads:
          settings.workerThreads > 0 ? settings.workerThreads : Math.max(1, availableParallelism() - 1),
      },
      deps.logger,
    );
  }

  /** What this part offers to other parts. */
  get services(): readonly ServiceRegistration[] {
    return [
      implement(QueryBackendService, { invoke: (request, context) => this.#invoke(request, context.signal) }),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#workers[Symbol.asyncDispose]();
  }

  async #invoke(request: InvokeRequest, signal: AbortSignal): Promise<InvokeResponse> {
    const limit = this.#settings.maxConcurrentLeaves;
    if (this.#running >= limit) {
      this.#metrics.refusedLeaves.inc();
      throw new ResourceExhaustedError(
        `concurrency limit exceeded: running=${this.#running} limit=${limit}`,
        { retryAfterMs: 1000 },
      );
    }
    const began = this.#clock.monotonicMs();
    let status = "error";
    this.#metrics.runningLeaves.set(++this.#running);
    try {
      const response = await invoke(request, this.#workers, signal);
      this.#metrics.fetchedBytes.inc(Number(response.usage?.fetchedBytes ?? 0n));
      status = "success";
      return response;
    } finally {
      this.#metrics.runningLeaves.set(--this.#running);
      this.#metrics.leafSeconds.observe({ status }, (this.#clock.monotonicMs() - began) / 1000);
    }
  }
}
