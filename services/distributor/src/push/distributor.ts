import {
  DeadlineExceededError,
  InvalidArgumentError,
  type ResourceExhaustedError,
  UnavailableError,
} from "@hearth/errors";
import { deadline, Semaphore, type Clock, type Random } from "@hearth/runtime";
import { readColumnsHead } from "@hearth/profile";
import type { LimitsSource } from "@hearth/tenant-limits";
import type { Aggregator } from "../aggregation/aggregator.ts";
import type { Deliverer } from "../delivery/deliverer.ts";
import { ActiveSeries } from "../limits/active-series.ts";
import { IngestionQuota } from "../limits/ingestion-quota.ts";
import { prepareLimitsOf, relabelConfigOf } from "../limits/tenant-rules.ts";
import type { PrepareInput, RejectedProfile } from "../prepare/index.ts";
import type { EncodedService } from "../worker/encoded-service.ts";
import type { EncodedExport } from "../worker/prepare-export.ts";
import type { EncodedOutcome, EncodedProfile } from "../worker/prepare-profiles.ts";
import type { Preparer } from "../worker/preparer.ts";
import { Admission, type Arrival } from "./admission.ts";
import { Dispatcher } from "./dispatcher.ts";
import { estimateDecompressedBytes } from "./estimate-size.ts";
import { ProfileCounters } from "./profile-counters.ts";
import type { PushedExport, PushedItem } from "./pushed-item.ts";
import type { ExportOutcome, PushOutcomes } from "./push-outcome.ts";
import type { DistributorMetrics } from "../metrics.ts";
import { concurrencyOf, splitIntoTasks } from "./split-tasks.ts";
import { UnreadableProfileError } from "./unreadable-profile-error.ts";
import { UsageGate } from "./usage-gate.ts";

export interface DistributorDeps {
  readonly preparer: Preparer;
  readonly deliverer: Deliverer;
  readonly aggregator: Aggregator;
  readonly limits: LimitsSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: DistributorMetrics;
}

const MB = 2 ** 20;
/** What a client should wait when storing took too long. */
const RETRY_AFTER_MS = 1000;

/** Takes profiles in: admits, prepares and delivers them. Keeps nothing but the rates, passes and active series of tenants. */
export class Distributor {
  readonly #deps: DistributorDeps;
  readonly #timeoutMs: number;
  readonly #counters: ProfileCounters;
  readonly #admission: Admission;
  readonly #usage: UsageGate;
  readonly #activeSeries: ActiveSeries;
  readonly #dispatcher: Dispatcher;

  constructor(settings: { pushTimeoutMs: number }, deps: DistributorDeps) {
    this.#deps = deps;
    this.#timeoutMs = settings.pushTimeoutMs;
    this.#counters = new ProfileCounters(deps.metrics);
    const quota = new IngestionQuota(deps);
    this.#admission = new Admission({ clock: deps.clock, counters: this.#counters, quota });
    this.#activeSeries = new ActiveSeries(deps);
    this.#dispatcher = new Dispatcher(deps);
    this.#usage = new UsageGate({ quota, random: deps.random });
  }

  /** Largest body that the tenant may send, as received; 0 is no limit. */
  maxBodyBytes(tenant: string): number {
    return this.#deps.limits.limitsFor(tenant).ingestionBodyLimitMb * MB;
  }

  /**
   * Stores the profiles of one request. Those that fail leave the others alone.
   *
   * @returns what became of each, in order.
   * @throws {InvalidArgumentError} when the request as a whole is not acceptable, `ResourceExhaustedError` when it cannot
   * pass the rate limit: nothing of it is stored then.
   */
  async push(tenant: string, items: readonly PushedItem[], signal: AbortSignal): Promise<PushOutcomes> {
    if (items.length === 0) throw new InvalidArgumentError("no profiles received");
    const arrival = this.#arrivalOf(tenant, items.length);
    this.#admission.refuseBeforeWork(arrival, {
      receivedBytes: sum(items, ({ body }) => body.length),
      estimatedBytes: sum(items, ({ body }) => estimateDecompressedBytes(body)),
    });
    const settled = await this.#inTime(signal, async (limited) => {
      const prepared = await this.#prepare(arrival, items, limited);
      this.#admission.charge(arrival, sum(prepared, decompressedSize) + sum(items, labelBytes));
      const refusals = this.#refusals(arrival, prepared);
      return this.#dispatcher.dispatch(arrival, { items, prepared, refusals }, limited);
    });
    return settled(signal);
  }

  /**
   * Stores an export of OpenTelemetry profiles.
   *
   * @returns which of its profiles were refused; the others are stored.
   * @throws {InvalidArgumentError} when it is no export, `ResourceExhaustedError` when it cannot pass the rate limit, and
   * what kept the writers from storing it: it may then be stored in part, and sending it again repeats nothing.
   */
  async pushExport(tenant: string, pushed: PushedExport, signal: AbortSignal): Promise<ExportOutcome> {
    const arrival = this.#arrivalOf(tenant, 1);
    const { length: receivedBytes } = pushed.body;
    const estimatedBytes = estimateDecompressedBytes(pushed.body);
    this.#admission.refuseBeforeWork(arrival, { receivedBytes, estimatedBytes });
    return this.#inTime(signal, async (limited) => {
      const prepared = await this.#prepareExport(arrival, pushed, limited);
      const refused = this.#usage.settleExport(arrival, prepared.judged);
      this.#admission.charge(arrival, prepared.decompressedSizeBytes);
      await this.#deliverExport(arrival, prepared.services, limited);
      return exportOutcome(prepared, refused);
    });
  }

  /** Our own limit of time is not the caller's fault: it may try again. */
  async #inTime<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    using timeout = deadline(this.#timeoutMs, signal);
    try {
      return await work(timeout.signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof DeadlineExceededError)) throw error;
      throw new UnavailableError(`storing took too long, try again: timeout_ms=${this.#timeoutMs}`, {
        cause: error,
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
  }

  #arrivalOf(tenant: string, profiles: number): Arrival {
    this.#counters.request(tenant, profiles);
    return { tenant, profiles, limits: this.#deps.limits.limitsFor(tenant) };
  }

  #rulesOf({ tenant, limits }: Arrival): Pick<PrepareInput, "tenant" | "limits" | "nowNanos"> {
    return { tenant, limits: prepareLimitsOf(limits), nowNanos: this.#deps.clock.nowNanos() };
  }

  async #prepare(
    arrival: Arrival,
    items: readonly PushedItem[],
    signal: AbortSignal,
  ): Promise<EncodedOutcome[]> {
    const { clock, preparer } = this.#deps;
    const beganMs = clock.monotonicMs();
    const permits = new Semaphore(concurrencyOf(arrival.limits));
    const relabel = relabelConfigOf(arrival.limits);
    const rules = this.#rulesOf(arrival);
    const usage = this.#usage.taskOf(arrival);
    const tasks = splitIntoTasks(items).map((part) => {
      const inputs = part.map(({ labels, body, ingest }): PrepareInput => ({
        ...rules,
        labels,
        body,
        ...(ingest && { ingest }),
      }));
      return permits.run(() => preparer.prepareProfiles({ inputs, relabel, usage }, signal), signal);
    });
    const prepared = (await Promise.all(tasks)).flat();
    const elapsedSeconds = (clock.monotonicMs() - beganMs) / 1000 / items.length;
    for (const [index, outcome] of prepared.entries()) {
      const { labels, body } = items[index]!;
      const pushed = { labels, sizeBytes: body.length, elapsedSeconds };
      if (outcome.type === "prepared") this.#counters.prepared(arrival.tenant, outcome, pushed);
      else {
        const bytes = outcome.decompressedSizeBytes || body.length;
        this.#counters.discardedProfile(outcome.reason, arrival.tenant, bytes, outcome.usage);
      }
    }
    return prepared;
  }

  async #prepareExport(arrival: Arrival, pushed: PushedExport, signal: AbortSignal): Promise<EncodedExport> {
    const { clock, preparer } = this.#deps;
    const { tenant, limits } = arrival;
    const beganMs = clock.monotonicMs();
    const prepared = await preparer.prepareExport(
      {
        ...pushed,
        ...this.#rulesOf(arrival),
        relabel: relabelConfigOf(limits),
        usage: this.#usage.taskOf(arrival),
        maxSizeBytes: this.maxBodyBytes(tenant),
      },
      signal,
    );
    const {
      receivedProfiles: profiles,
      receivedSamples: samples,
      decompressedSizeBytes,
      services,
    } = prepared;
    const received = { profiles, samples, services, sizeBytes: pushed.body.length, decompressedSizeBytes };
    this.#counters.exported(tenant, received, (clock.monotonicMs() - beganMs) / 1000);
    for (const { reason } of prepared.rejections) {
      this.#counters.discardedProfile(reason, tenant, 0, undefined);
    }
    this.#counters.judged(tenant, prepared.judged, decompressedSizeBytes);
    return prepared;
  }

  /** @throws what kept a service from being stored; the others are stored. */
  async #deliverExport(
    arrival: Arrival,
    services: readonly EncodedService[],
    signal: AbortSignal,
  ): Promise<void> {
    const { tenant, limits } = arrival;
    const overLimits = services.map((service) => this.#admitSeries(arrival, [service]));
    const toStore = services.filter((_, index) => !overLimits[index]);
    const refused = services.filter((_, index) => overLimits[index]);
    const delivered = await this.#deps.deliverer.deliver(tenant, toStore, limits, signal);
    this.#counters.refusedServices("series_limit", tenant, refused);
    const failure = [...delivered, ...overLimits].find((error) => error !== undefined);
    if (failure) throw failure;
  }

  /** For each profile why it is not stored; nothing when it is to be. */
  #refusals(arrival: Arrival, prepared: readonly EncodedOutcome[]): (Error | undefined)[] {
    const passes = this.#usage.passesOf(arrival);
    return prepared.map((outcome) => {
      if (outcome.type === "rejected") return rejectionOf(outcome);
      const overQuota = passes(outcome.usage);
      if (overQuota) return this.#refused("ingest_limit_reached", overQuota, arrival, outcome);
      const overLimit = this.#admitSeries(arrival, outcome.services);
      return overLimit && this.#refused("series_limit", overLimit, arrival, outcome);
    });
  }

  #refused(reason: string, error: Error, { tenant }: Arrival, { counts, usage }: EncodedProfile): Error {
    this.#counters.discardedProfile(reason, tenant, counts.decompressedSizeBytes, usage);
    return error;
  }

  /** @returns why the services' series are not to be stored. */
  #admitSeries({ tenant, limits }: Arrival, services: readonly EncodedService[]): Error | undefined {
    return this.#activeSeries.admit(tenant, limits.maxActiveSeriesPerTenant, () =>
      services.flatMap(({ columns }) => readColumnsHead(columns).fingerprints),
    );
  }
}

/**
 * @param refused - profiles over a quota, by their number in the export.
 * @throws {ResourceExhaustedError} when that is all of them.
 */
function exportOutcome(
  { receivedProfiles, rejections }: EncodedExport,
  refused: ReadonlyMap<number, ResourceExhaustedError>,
): ExportOutcome {
  const [overQuota] = refused.values();
  if (overQuota && refused.size === receivedProfiles) throw overQuota;
  const overQuotas = Array.from(refused, ([index, { message }]) => ({ index, message }));
  return {
    receivedProfiles,
    rejections: [...rejections, ...overQuotas].sort((a, b) => a.index - b.index),
  };
}

function decompressedSize(outcome: EncodedOutcome): number {
  return outcome.type === "rejected" ? outcome.decompressedSizeBytes : outcome.counts.decompressedSizeBytes;
}

function labelBytes({ labels }: PushedItem): number {
  return sum(labels, ({ name, value }) => Buffer.byteLength(name) + Buffer.byteLength(value));
}

function rejectionOf({ isUnreadable, message }: RejectedProfile): Error {
  return isUnreadable ? new UnreadableProfileError(message) : new InvalidArgumentError(message);
}

function sum<T>(items: readonly T[], sizeOf: (item: T) => number): number {
  return items.reduce((total, item) => total + sizeOf(item), 0);
}
