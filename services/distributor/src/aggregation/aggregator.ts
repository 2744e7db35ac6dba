import { DomainError, InternalError } from "@hearth/errors";
import { deadline, TaskGroup, type Clock } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";
import type { TenantLimits } from "@hearth/tenant-limits";
import type { Parcel } from "../delivery/deliver.ts";
import type { Deliverer } from "../delivery/deliverer.ts";
import type { DistributorMetrics } from "../metrics.ts";
import type { Preparer } from "../worker/preparer.ts";
import { Arrivals } from "./arrivals.ts";
import { RecentProfiles, type Outcome } from "./recent-profiles.ts";

/** A parcel of one profile that may be merged with others. */
export interface Offer extends Parcel {
  /** Parcels with the same may be merged. */
  readonly key: string;
  /** Of the profile and service. */
  readonly id: string;
}

/** What is done with offers, by their position. */
export interface Taken {
  /** To be delivered now, by the caller. */
  readonly direct: readonly number[];
  /** The others: settled when the merged profile is stored, or is known not to be. */
  readonly held: ReadonlyMap<number, Outcome>;
  /** Told, in the order of `direct`, what became of them. */
  readonly settle: (outcomes: readonly (Error | undefined)[]) => void;
}

export interface AggregatorDeps {
  readonly preparer: Preparer;
  readonly deliverer: Deliverer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: DistributorMetrics;
}

/** Parts of a merged profile, until it is sent. */
interface Aggregate {
  readonly parts: Offer[];
  readonly done: PromiseWithResolvers<Error | undefined>;
  sizeBytes: number;
}

/** Parts that wait to be merged, all together. Beyond, profiles are stored by themselves. */
const MAX_HELD_BYTES = 64 * 2 ** 20;

/**
 * Merges profiles of series that come often: the first of a key is stored by itself, and so is one that comes seldom;
 * the others are collected for the tenant's period and become one profile. Nothing is acknowledged before it is stored,
 * unless the tenant ingests asynchronously anyway: whoever waits for an outcome waits for the writer.
 */
export class Aggregator implements AsyncDisposable {
  readonly #deps: AggregatorDeps;
  readonly #arrivals = new Arrivals();
  readonly #recent = new RecentProfiles();
  readonly #open = new Map<string, Aggregate>();
  readonly #tasks: TaskGroup;
  #heldBytes = 0;

  constructor(deps: AggregatorDeps) {
    this.#deps = deps;
    this.#tasks = new TaskGroup((name, error) => deps.logger.error("task failed", { name, error }));
  }

  /** Decides what is done with the offers of one request, and begins it. Waits for nothing. */
  take(tenant: string, offers: readonly Offer[], limits: TenantLimits): Taken {
    const nowMs = this.#deps.clock.monotonicMs();
    const held = new Map<number, Outcome>();
    const direct: { index: number; done: PromiseWithResolvers<Error | undefined> }[] = [];
    for (const [index, offer] of offers.entries()) {
      const known = this.#recent.find(offer.id, nowMs);
      if (known instanceof Promise) {
        held.set(index, known);
        continue;
      }
      const isFrequent = this.#arrivals.isFrequent(offer.key, nowMs, limits.aggregationPeriodMs);
      const merged = isFrequent && known !== "retry" ? this.#merge(tenant, offer, limits) : undefined;
      if (merged) {
        held.set(index, merged);
        this.#recent.add(offer.id, { type: "merged", outcome: merged });
        continue;
      }
      const done = Promise.withResolvers<Error | undefined>();
      direct.push({ index, done });
      this.#recent.add(offer.id, { type: "direct", outcome: done.promise });
    }
    return {
      direct: direct.map(({ index }) => index),
      held,
      settle: (outcomes) => {
        for (const [position, { done }] of direct.entries()) done.resolve(outcomes[position]);
      },
    };
  }

  /** Sends what is collected now, and waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks.stop();
  }

  /** @returns nothing when there is no room. */
  #merge(tenant: string, offer: Offer, limits: TenantLimits): Outcome | undefined {
    const sizeBytes = offer.columns.length;
    if (this.#heldBytes + sizeBytes > MAX_HELD_BYTES) return undefined;
    this.#heldBytes += sizeBytes;
    let aggregate = this.#open.get(offer.key);
    if (!aggregate) {
      aggregate = { parts: [], done: Promise.withResolvers(), sizeBytes: 0 };
      this.#open.set(offer.key, aggregate);
      const opened = aggregate;
      this.#tasks.spawn("aggregate", (stop) =>
        this.#collect({ tenant, limits, opened, key: offer.key }, stop),
      );
    }
    aggregate.parts.push(offer);
    aggregate.sizeBytes += sizeBytes;
    return aggregate.done.promise;
  }

  async #collect(
    { tenant, limits, opened, key }: { tenant: string; limits: TenantLimits; opened: Aggregate; key: string },
    stop: AbortSignal,
  ): Promise<void> {
    await this.#wait(limits.aggregationPeriodMs, stop);
    this.#open.delete(key);
    const error = await this.#send(tenant, opened.parts, limits);
    this.#heldBytes -= opened.sizeBytes;
    opened.done.resolve(error);
    if (!error) return;
    this.#deps.metrics.backgroundFailures.inc({ tenant }, opened.parts.length);
    this.#deps.logger.error("merged profiles were not stored", {
      tenant,
      profiles: opened.parts.length,
      acknowledged: limits.asyncIngest,
      error,
    });
  }

  /** The period, or until the process stops. */
  async #wait(periodMs: number, stop: AbortSignal): Promise<void> {
    try {
      await this.#deps.clock.sleep(periodMs, stop);
    } catch (error) {
      if (!stop.aborted) throw error;
    }
  }

  /** The limit of time begins here: however long profiles were collected, a writer has as long as ever. */
  async #send(tenant: string, parts: readonly Offer[], limits: TenantLimits): Promise<Error | undefined> {
    const { preparer, deliverer } = this.#deps;
    using timeout = deadline(limits.segmentWriterTimeoutMs);
    try {
      const [first] = parts;
      const columns =
        parts.length === 1
          ? first!.columns
          : await preparer.sumProfiles(
              parts.map((part) => part.columns),
              timeout.signal,
            );
      const parcel = { serviceName: first!.serviceName, fingerprint: first!.fingerprint, columns };
      const [error] = await deliverer.deliver(
        tenant,
        [parcel],
        { ...limits, asyncIngest: false },
        timeout.signal,
      );
      return error;
    } catch (error) {
      return error instanceof DomainError
        ? error
        : new InternalError("profiles could not be merged", { cause: error });
    }
  }
}
