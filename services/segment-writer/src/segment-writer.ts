/**
 * Takes pushes, gathers them into one open segment per shard, and answers each when its segment is stored. Decisions are in
 * `flush/`, the way of a segment to the bucket and the index in `segment/`; here they are carried out.
 *
 * What always holds: a push that was taken is answered exactly once; an answer without failures means that all of it is
 * in the bucket and known to the index or its dead-letter queue; bytes that wait never exceed the limit.
 */
import {
  assertNever,
  DeadlineExceededError,
  DomainError,
  InternalError,
  ResourceExhaustedError,
  UnavailableError,
} from "@hearth/errors";
import { Semaphore, TaskGroup, throwIfAborted, untilAborted, type Clock } from "@hearth/runtime";
import { withSpan, type Logger } from "@hearth/telemetry";

import { flushConcurrency, type SegmentWriterSettings } from "./config.ts";
import { planFlush, type FlushReason } from "./flush/plan-flush.ts";
import { Shard } from "./flush/shard.ts";
import type { SegmentWriterMetrics } from "./metrics.ts";
import {
  batchFailures,
  pushSizeBytes,
  type BatchFailure,
  type ClosedSegment,
  type Push,
} from "./segment/open-segment.ts";
import type { SegmentPipeline } from "./segment/segment-pipeline.ts";

export interface SegmentWriterDeps {
  readonly pipeline: SegmentPipeline;
  readonly clock: Clock;
  readonly metrics: SegmentWriterMetrics;
  readonly logger: Logger;
}

/** Takes, gathers and answers; see the top of this file. Closing it stores and answers all that was taken. */
export class SegmentWriter implements AsyncDisposable {
  readonly #settings: SegmentWriterSettings;
  readonly #deps: SegmentWriterDeps;
  readonly #shards = new Map<number, Shard>();
  readonly #flushSlots: Semaphore;
  /** Waits for the time of the next decision; may be dropped at any moment. */
  readonly #alarms: TaskGroup;
  /** Segments on their way; every one is waited for. */
  readonly #flushes: TaskGroup;
  /** `0 <= inFlightBytes <= maxInFlightBytes`. */
  #inFlightBytes = 0;
  #isDraining = false;

  constructor(settings: SegmentWriterSettings, deps: SegmentWriterDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#flushSlots = new Semaphore(flushConcurrency(settings));
    const onFailure = (task: string, error: unknown): void =>
      deps.logger.error("task failed", { task, error });
    this.#alarms = new TaskGroup(onFailure);
    this.#flushes = new TaskGroup(onFailure);
  }

  /** Bytes of pushes that wait to be stored. */
  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /**
   * Stores a push.
   *
   * @returns the batches that are not stored because they cannot be read; all others are.
   * @throws {ResourceExhaustedError} when too many bytes wait.
   * @throws {UnavailableError} when the writer shuts down, or the segment could not be stored.
   */
  async push(push: Push, signal: AbortSignal): Promise<readonly BatchFailure[]> {
    throwIfAborted(signal);
    const { clock, metrics } = this.#deps;
    const startedMs = clock.monotonicMs();
    this.#admit(push);
    const shard = this.#shard(push.shard, startedMs);
    const answer = shard.openSegment(startedMs).add(push);
    this.#decide(shard);
    try {
      return await untilAborted(answer, signal);
    } catch (error) {
      if (signal.aborted) metrics.waitTimeouts.inc({ tenant: push.tenant });
      throw error;
    } finally {
      metrics.waitSeconds.observe({ tenant: push.tenant }, (clock.monotonicMs() - startedMs) / 1000);
    }
  }

  /** Refuses new pushes, then stores and answers all that were taken. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDraining = true;
    await this.#alarms.stop();
    for (const shard of this.#shards.values()) this.#decide(shard);
    await this.#flushes.stop();
  }

  /** Charges the push, or refuses it. */
  #admit(push: Push): void {
    const { metrics } = this.#deps;
    const { maxInFlightBytes, segmentDurationMs } = this.#settings;
    if (this.#isDraining) {
      throw new UnavailableError("segment writer is shutting down", { retryAfterMs: segmentDurationMs });
    }
    const sizeBytes = pushSizeBytes(push);
    if (this.#inFlightBytes + sizeBytes > maxInFlightBytes) {
      metrics.refusedPushes.inc({ tenant: push.tenant });
      throw new ResourceExhaustedError(
        `segment writer is busy: in_flight_bytes=${this.#inFlightBytes} push_bytes=${sizeBytes} limit_bytes=${maxInFlightBytes}`,
        { retryAfterMs: segmentDurationMs },
      );
    }
    this.#charge(sizeBytes);
    metrics.ingestBytes.observe({ shard: String(push.shard), tenant: push.tenant }, sizeBytes);
  }

  #charge(bytes: number): void {
    this.#inFlightBytes += bytes;
    this.#deps.metrics.inFlightBytes.set(this.#inFlightBytes);
  }

  #shard(id: number, nowMs: number): Shard {
    const known = this.#shards.get(id);
    if (known) return known;
    for (const [otherId, other] of this.#shards) {
      if (other.isForgettable(nowMs, this.#settings.segmentDurationMs)) this.#shards.delete(otherId);
    }
    const shard = new Shard(id);
    this.#shards.set(id, shard);
    return shard;
  }

  /** Looks at the shard again: after a push, a build, an alarm, and when draining. */
  #decide(shard: Shard): void {
    const plan = planFlush(shard.state(this.#isDraining), this.#deps.clock.monotonicMs(), this.#settings);
    switch (plan.type) {
      case "flush":
        this.#close(shard, plan.reason);
        break;
      case "awaitTime":
        this.#setAlarm(shard, plan.atMs);
        break;
      case "awaitBuild":
      case "rest":
        break;
      default:
        assertNever(plan);
    }
  }

  #setAlarm(shard: Shard, atMs: number): void {
    if (shard.alarmAtMs === atMs) return;
    shard.alarmAtMs = atMs;
    this.#alarms.spawn("alarm", async (stop) => {
      await this.#deps.clock.sleep(Math.max(0, atMs - this.#deps.clock.monotonicMs()), stop);
      if (shard.alarmAtMs === atMs) shard.alarmAtMs = undefined;
      this.#decide(shard);
    });
  }

  #close(shard: Shard, reason: FlushReason): void {
    const segment = shard.close(this.#deps.clock.monotonicMs());
    if (!segment) return;
    this.#deps.metrics.flushes.inc({ reason });
    this.#flushes.spawn("flush", () =>
      withSpan("segment_writer.flush", { shard: shard.id, reason }, () => this.#flush(shard, segment)),
    );
  }

  /** Never rejects: whatever happens, the pushes are answered. */
  async #flush(shard: Shard, segment: ClosedSegment): Promise<void> {
    const { clock, logger, metrics } = this.#deps;
    const startedMs = clock.monotonicMs();
    try {
      const failed = await this.#flushSlots.run(() => this.#store(shard, segment));
      answerAll(segment, failed);
      for (const { tenant } of failedDatasets(segment, failed)) metrics.failedDatasets.inc({ tenant });
    } catch (error) {
      logger.error("segment not stored", { shard: shard.id, error });
      for (const { answer } of segment.pushes) answer.reject(pushError(error));
    } finally {
      this.#charge(-segment.sizeBytes);
      const elapsedSeconds = (clock.monotonicMs() - startedMs) / 1000;
      metrics.flushSegmentSeconds.observe({ shard: String(shard.id) }, elapsedSeconds);
    }
  }

  /** @returns the datasets that could not be built, and why. */
  async #store(shard: Shard, segment: ClosedSegment): Promise<ReadonlyMap<number, string>> {
    const { pipeline } = this.#deps;
    const built = await pipeline.build(segment).finally(() => {
      shard.buildEnded();
      this.#decide(shard);
    });
    await pipeline.store(built);
    return new Map(built.failures.map(({ dataset, message }) => [dataset, message]));
  }
}

function answerAll(segment: ClosedSegment, failed: ReadonlyMap<number, string>): void {
  for (const push of segment.pushes) push.answer.resolve(batchFailures(push, failed));
}

function failedDatasets(segment: ClosedSegment, failed: ReadonlyMap<number, string>): { tenant: string }[] {
  return segment.datasets.filter((_, index) => failed.has(index));
}

/** Limits that are ours, not the caller's, mean "try again"; what is not expected is not told. */
function pushError(error: unknown): DomainError {
  if (error instanceof DeadlineExceededError)
    return new UnavailableError("segment not stored in time", { cause: error });
  if (error instanceof DomainError) return error;
  return new InternalError("segment could not be stored", { cause: error });
}
