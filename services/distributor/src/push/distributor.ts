import {
  DomainError,
  InvalidArgumentError,
  ResourceExhaustedError,
  UnavailableError,
  Code,
} from "@hearth/errors";
import { labelValue } from "@hearth/labels";
import { deadline, Semaphore, type Clock } from "@hearth/runtime";
import type { LimitsSource, TenantLimits } from "@hearth/tenant-limits";
import { deliver, type Parcel } from "../delivery/deliver.ts";
import type { Router } from "../delivery/writer-client.ts";
import { RateLimiter } from "../limits/rate-limiter.ts";
import { prepareLimitsOf, relabelConfigOf } from "../limits/tenant-rules.ts";
import type { DistributorMetrics } from "../metrics.ts";
import type { PrepareInput } from "../prepare/index.ts";
import type { EncodedOutcome, PrepareTask } from "../worker/prepare-worker.ts";
import { estimateDecompressedBytes } from "./estimate-size.ts";
import type { PushedItem } from "./pushed-item.ts";
import type { PushOutcomes } from "./push-outcome.ts";

/** Prepares profiles, in worker threads. */
export interface Preparer {
  prepare(
    task: PrepareTask,
    transfer: readonly ArrayBuffer[],
    signal: AbortSignal,
  ): Promise<EncodedOutcome[]>;
}

export interface DistributorDeps {
  readonly preparer: Preparer;
  readonly router: Router;
  readonly limits: LimitsSource;
  readonly clock: Clock;
  readonly metrics: DistributorMetrics;
}

/** A task of this much is worth the way to a thread and back; small profiles go together. */
const TASK_BYTES = 128 * 1024;
const TASK_ITEMS = 64;
const MB = 2 ** 20;

/** Takes profiles in: checks, prepares, places and delivers them. Keeps nothing but the tenants' rates. */
export class Distributor {
  readonly #deps: DistributorDeps;
  readonly #timeoutMs: number;
  readonly #rates: RateLimiter;

  constructor(settings: { pushTimeoutMs: number }, deps: DistributorDeps) {
    this.#deps = deps;
    this.#timeoutMs = settings.pushTimeoutMs;
    this.#rates = new RateLimiter(deps);
  }

  limitsFor(tenant: string): TenantLimits {
    return this.#deps.limits.limitsFor(tenant);
  }

  /**
   * Stores the profiles of one request. Those that fail leave the others alone.
   *
   * @returns what became of each, in order.
   * @throws {InvalidArgumentError} when the request as a whole is not acceptable, {@link ResourceExhaustedError} when it
   * cannot pass the rate limit: nothing of it is stored then.
   */
  async push(tenant: string, items: readonly PushedItem[], signal: AbortSignal): Promise<PushOutcomes> {
    if (items.length === 0) throw new InvalidArgumentError("no profiles received");
    const limits = this.#deps.limits.limitsFor(tenant);
    this.#deps.metrics.pushBatchSeries.observe({ tenant }, items.length);
    this.#refuseBeforeWork(tenant, items, limits);
    using timeout = deadline(this.#timeoutMs, signal);
    const prepared = await this.#prepare(tenant, items, limits, timeout.signal);
    this.#chargeRate(tenant, items, prepared, limits);
    return this.#deliver(tenant, prepared, timeout.signal);
  }

  /** What can be refused without decompressing anything. */
  #refuseBeforeWork(tenant: string, items: readonly PushedItem[], limits: TenantLimits): void {
    const estimate = items.reduce((sum, { body }) => sum + estimateDecompressedBytes(body), 0);
    this.#discardOnRefusal(tenant, items.length, estimate, () => this.#rates.check(tenant, estimate, limits));
  }

  /** Charges what the profiles turned out to be. The sum of one request is bounded, whatever its parts compressed to. */
  #chargeRate(
    tenant: string,
    items: readonly PushedItem[],
    prepared: readonly EncodedOutcome[],
    limits: TenantLimits,
  ): void {
    const sizes = prepared.map(decompressedSize);
    const total = sizes.reduce((sum, size, i) => sum + size + labelBytes(items[i]!), 0);
    if (limits.ingestionBodyLimitMb > 0 && total > limits.ingestionBodyLimitMb * MB) {
      this.#discard("body_size_limit_exceeded", tenant, items.length, total);
      throw new InvalidArgumentError(
        `profiles of one request exceed the limit after decompression: size_bytes=${total} ingestion_body_limit_mb=${limits.ingestionBodyLimitMb} tenant=${tenant}`,
      );
    }
    this.#discardOnRefusal(tenant, items.length, total, () => this.#rates.take(tenant, total, limits));
  }

  #discardOnRefusal(tenant: string, count: number, bytes: number, attempt: () => void): void {
    try {
      attempt();
    } catch (error) {
      if (error instanceof ResourceExhaustedError) this.#discard("rate_limited", tenant, count, bytes);
      throw error;
    }
  }

  async #prepare(
    tenant: string,
    items: readonly PushedItem[],
    limits: TenantLimits,
    signal: AbortSignal,
  ): Promise<EncodedOutcome[]> {
    const began = this.#deps.clock.monotonicMs();
    const permits = new Semaphore(limits.pushMaxConcurrency > 0 ? limits.pushMaxConcurrency : Infinity);
    const relabel = relabelConfigOf(limits);
    const shared = { tenant, limits: prepareLimitsOf(limits), nowNanos: this.#deps.clock.nowNanos() };
    const tasks = splitIntoTasks(items).map((part) =>
      permits.run(() => {
        const inputs = part.map((item): PrepareInput => ({ ...shared, ...item, body: item.body.slice() }));
        const buffers = inputs.map(({ body }) => body.buffer as ArrayBuffer);
        return this.#deps.preparer.prepare({ inputs, relabel }, buffers, signal);
      }, signal),
    );
    const prepared = (await Promise.all(tasks)).flat();
    this.#observe(tenant, items, prepared, (this.#deps.clock.monotonicMs() - began) / 1000);
    return prepared;
  }

  async #deliver(
    tenant: string,
    prepared: readonly EncodedOutcome[],
    signal: AbortSignal,
  ): Promise<PushOutcomes> {
    const outcomes: (Error | undefined)[] = prepared.map(rejectionOf);
    const parcels: Parcel[] = [];
    /** For each parcel the profile it is of. */
    const owners: number[] = [];
    for (const [index, outcome] of prepared.entries()) {
      if (outcome.type === "rejected") continue;
      for (const service of outcome.services) {
        parcels.push(service);
        owners.push(index);
      }
    }
    if (parcels.length === 0) return outcomes;
    const began = this.#deps.clock.monotonicMs();
    const delivered = await deliver(tenant, parcels, this.#deps.router, signal);
    const status = delivered.some((error) => error !== undefined) ? "500" : "200";
    const labels = { route: "segment-writer", primary: "1", status };
    this.#deps.metrics.downstreamSeconds.observe(labels, (this.#deps.clock.monotonicMs() - began) / 1000);
    for (const [index, error] of delivered.entries())
      outcomes[owners[index]!] ??= error && timeoutAsUnavailable(error);
    return outcomes;
  }

  #observe(
    tenant: string,
    items: readonly PushedItem[],
    prepared: readonly EncodedOutcome[],
    elapsedSeconds: number,
  ): void {
    const { metrics } = this.#deps;
    for (const [index, outcome] of prepared.entries()) {
      const { labels, body } = items[index]!;
      if (outcome.type === "rejected") {
        this.#discard(outcome.reason, tenant, 1, outcome.decompressedSizeBytes || body.length);
        continue;
      }
      const { counts } = outcome;
      const type = { type: counts.profileName, tenant };
      metrics.receivedCompressedBytes.observe(type, body.length);
      metrics.receivedDecompressedBytes.observe(type, counts.decompressedSizeBytes);
      metrics.receivedSamples.observe(type, counts.receivedSamples);
      metrics.parseSeconds.observe(type, elapsedSeconds / prepared.length);
      const scope = {
        scope_name: labelValue(labels, "otel.scope.name"),
        scope_version: labelValue(labels, "otel.scope.version"),
      };
      metrics.profilesReceived.inc({ tenant, ...scope }, 1);
      if (counts.numericLabels > 0) metrics.numericLabels.inc({ tenant }, counts.numericLabels);
      if (counts.relabelDroppedSamples > 0 && outcome.services.length === 0) {
        this.#discard("dropped_by_relabel_rules", tenant, 1, counts.decompressedSizeBytes);
      }
    }
  }

  #discard(reason: string, tenant: string, count: number, bytes: number): void {
    this.#deps.metrics.discardedSamples.inc({ reason, tenant }, count);
    this.#deps.metrics.discardedBytes.inc({ reason, tenant }, bytes);
  }
}

function splitIntoTasks(items: readonly PushedItem[]): PushedItem[][] {
  const tasks: PushedItem[][] = [];
  let bytes = Infinity;
  for (const item of items) {
    const last = tasks.at(-1);
    if (last && bytes + item.body.length <= TASK_BYTES && last.length < TASK_ITEMS) {
      last.push(item);
      bytes += item.body.length;
    } else {
      tasks.push([item]);
      bytes = item.body.length;
    }
  }
  return tasks;
}

function decompressedSize(outcome: EncodedOutcome): number {
  return outcome.type === "rejected" ? outcome.decompressedSizeBytes : outcome.counts.decompressedSizeBytes;
}

function labelBytes({ labels }: PushedItem): number {
  return labels.reduce((sum, { name, value }) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
}

function rejectionOf(outcome: EncodedOutcome): Error | undefined {
  return outcome.type === "rejected" ? new InvalidArgumentError(outcome.message) : undefined;
}

/** Our own time limit is not the client's: it may try again. */
function timeoutAsUnavailable(error: Error): Error {
  if (!(error instanceof DomainError) || error.code !== Code.DeadlineExceeded) return error;
  return new UnavailableError("storing the profiles took too long, try again", {
    cause: error,
    retryAfterMs: 1000,
  });
}
