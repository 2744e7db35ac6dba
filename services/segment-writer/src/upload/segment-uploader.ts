import { Code, DomainError, UnavailableError } from "@hearth/errors";
import type { ObjectStore } from "@hearth/object-store";
import { retry, withTimeLimit, type Clock, type Random, type RetryPolicy } from "@hearth/runtime";

import type { SegmentWriterSettings } from "../config.ts";
import type { SegmentWriterMetrics, Status } from "../metrics.ts";
import { hedged, type Runner } from "./hedge.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface SegmentUploaderDeps {
  readonly objectStore: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: SegmentWriterMetrics;
}

const RETRYABLE: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Aborted, Code.ResourceExhausted]);

/** Whether the error may go away by itself. */
export function isRetryable(error: unknown): boolean {
  return error instanceof DomainError && RETRYABLE.has(error.code);
}

/** Puts objects under a time limit, again when it fails, and a second time beside the first when it is slow. */
export class SegmentUploader {
  readonly #settings: SegmentWriterSettings;
  readonly #deps: SegmentUploaderDeps;
  readonly #retries: RetryPolicy;
  readonly #hedges: TokenBucket;

  constructor(settings: SegmentWriterSettings, deps: SegmentUploaderDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#retries = {
      attempts: settings.uploadMaxRetries + 1,
      minBackoffMs: settings.uploadRetryMinPeriodMs,
      maxBackoffMs: settings.uploadRetryMaxPeriodMs,
      isRetryable,
    };
    const rate = { ratePerSecond: settings.uploadHedgeRateMax, burst: settings.uploadHedgeRateBurst };
    this.#hedges = new TokenBucket(rate, deps.clock);
  }

  /**
   * Stores a segment under `key`.
   *
   * @throws {UnavailableError} when it could not be stored, or nobody knows.
   */
  async upload(key: string, bytes: Uint8Array): Promise<void> {
    const { clock, metrics } = this.#deps;
    const policy = { afterMs: this.#settings.uploadHedgeAfterMs, mayHedge: () => this.#hedges.tryTake() };
    const put = (runner: Runner, signal: AbortSignal): Promise<void> =>
      runner === "first"
        ? this.#put(key, bytes, signal)
        : this.#timed(metrics.hedgedUploadSeconds, () => this.#put(key, bytes, signal));
    await this.#timed(metrics.uploadSeconds, () =>
      this.#limited("segment upload", (signal) => hedged(put, policy, clock, signal)),
    );
  }

  /**
   * Keeps the metadata of a block that the metastore did not take, for it to find later.
   *
   * @throws {UnavailableError} when they could not be stored, or nobody knows.
   */
  async putDeadLetter(key: string, meta: Uint8Array): Promise<void> {
    const { metrics } = this.#deps;
    try {
      await this.#limited("dead letter upload", (signal) => this.#put(key, meta, signal));
      metrics.deadLetters.inc({ status: "success" });
    } catch (error) {
      metrics.deadLetters.inc({ status: "error" });
      throw error;
    }
  }

  #put(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return retry(() => this.#deps.objectStore.put(key, bytes, {}, signal), this.#retries, this.#deps, signal);
  }

  async #limited(what: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await withTimeLimit({ ms: this.#settings.uploadTimeoutMs, what }, this.#deps.clock, work);
    } catch (error) {
      throw new UnavailableError(`${what} failed`, {
        cause: error,
        retryAfterMs: this.#settings.uploadRetryMaxPeriodMs,
      });
    }
  }

  async #timed(histogram: SegmentWriterMetrics["uploadSeconds"], work: () => Promise<void>): Promise<void> {
    const startedMs = this.#deps.clock.monotonicMs();
    const observe = (status: Status): void =>
      histogram.observe({ status }, (this.#deps.clock.monotonicMs() - startedMs) / 1000);
    try {
      await work();
      observe("success");
    } catch (error) {
      observe("error");
      throw error;
    }
  }
}
