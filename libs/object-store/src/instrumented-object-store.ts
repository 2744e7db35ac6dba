import { Code, DomainError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import { counter, histogram, unprefixed, withSpan, type MetricRegistry } from "@hearth/telemetry";

import {
  ObjectExistsError,
  ObjectNotFoundError,
  type ByteRange,
  type ListEntry,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
  type PutOptions,
} from "./object-store.ts";

export type ObjectStoreMetrics = ReturnType<typeof objectStoreMetrics>;

/** The words that dashboards know the operations by. */
type Operation = "upload" | "get" | "get_range" | "attributes" | "delete" | "iter" | "check";

const OPERATION_SECONDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.6, 1, 3, 6, 9, 20, 30, 60, 90, 120];

/** Defined once in a process; the names carry no prefix, as those of other bucket clients. */
export function objectStoreMetrics(registry: MetricRegistry) {
  const labels = ["bucket", "operation"] as const;
  return registry.define({
    operations: unprefixed(counter("objstore_bucket_operations_total", "Operations on the bucket.", labels)),
    failures: unprefixed(
      counter(
        "objstore_bucket_operation_failures_total",
        "Operations that failed; not those that found no object, or were given up by their caller.",
        labels,
      ),
    ),
    seconds: unprefixed(
      histogram(
        "objstore_bucket_operation_duration_seconds",
        "Time of operations that succeeded.",
        OPERATION_SECONDS,
        labels,
      ),
    ),
  });
}

/** Counts and times every operation, and puts a span around it. */
export class InstrumentedObjectStore implements ObjectStore {
  readonly #inner: ObjectStore;
  readonly #bucket: string;
  readonly #metrics: ObjectStoreMetrics;
  readonly #clock: Clock;

  /** @param deps.bucket - the value of the label `bucket`. */
  constructor(inner: ObjectStore, deps: { bucket: string; metrics: ObjectStoreMetrics; clock: Clock }) {
    this.#inner = inner;
    this.#bucket = deps.bucket;
    this.#metrics = deps.metrics;
    this.#clock = deps.clock;
  }

  put(key: string, bytes: Uint8Array, options: PutOptions, signal: AbortSignal): Promise<void> {
    return this.#measure("upload", key, () => this.#inner.put(key, bytes, options, signal));
  }

  get(key: string, signal: AbortSignal): Promise<Uint8Array> {
    return this.#measure("get", key, () => this.#inner.get(key, signal));
  }

  getRange(key: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    return this.#measure("get_range", key, () => this.#inner.getRange(key, range, signal));
  }

  head(key: string, signal: AbortSignal): Promise<ObjectInfo> {
    return this.#measure("attributes", key, () => this.#inner.head(key, signal));
  }

  delete(key: string, signal: AbortSignal): Promise<void> {
    return this.#measure("delete", key, () => this.#inner.delete(key, signal));
  }

  /** The time that is observed includes what the consumer does with the entries. */
  async *list(prefix: string, options: ListOptions, signal: AbortSignal): AsyncGenerator<ListEntry> {
    const labels = { bucket: this.#bucket, operation: "iter" };
    const startedMs = this.#clock.monotonicMs();
    this.#metrics.operations.inc(labels);
    try {
      yield* this.#inner.list(prefix, options, signal);
      this.#metrics.seconds.observe(labels, (this.#clock.monotonicMs() - startedMs) / 1000);
    } catch (error) {
      if (isFailure(error)) this.#metrics.failures.inc(labels);
      throw error;
    }
  }

  checkAccess(signal: AbortSignal): Promise<void> {
    return this.#measure("check", "", () => this.#inner.checkAccess(signal));
  }

  async #measure<T>(operation: Operation, key: string, work: () => Promise<T>): Promise<T> {
    const labels = { bucket: this.#bucket, operation };
    const startedMs = this.#clock.monotonicMs();
    this.#metrics.operations.inc(labels);
    try {
      const result = await withSpan(`objstore.${operation}`, { "objstore.key": key }, work);
      this.#metrics.seconds.observe(labels, (this.#clock.monotonicMs() - startedMs) / 1000);
      return result;
    } catch (error) {
      if (isFailure(error)) this.#metrics.failures.inc(labels);
      throw error;
    }
  }
}

/** Whether the bucket is to blame, rather than the key or the caller. */
function isFailure(error: unknown): boolean {
  if (error instanceof ObjectNotFoundError || error instanceof ObjectExistsError) return false;
  return !(error instanceof DomainError) || error.code !== Code.Canceled;
}
