import type { Clock } from "@hearth/runtime";
import { Threads, WorkerPool } from "@hearth/worker-pool";

import { mergeThreads } from "../config.ts";
import type { QueryFrontendMetrics } from "../metrics.ts";
import type { EncodedTrees } from "./flame-graphs.ts";
import { type MergeTask, runMergeTask, taskParts } from "./merge-task.ts";
import type * as tasks from "./merge-worker.ts";
import type { PprofOptions } from "./merge-pprof.ts";
import type { MessageFormat } from "./message-format.ts";

export interface MergerSettings {
  /** Tasks that read more than this run in a worker thread. */
  readonly workerMergeBytes: number;
  readonly mergeWorkers: number;
}

export interface MergerDeps {
  readonly clock: Clock;
  readonly metrics: QueryFrontendMetrics;
}

export interface GraphOptions {
  /** 0 keeps all. */
  readonly maxNodes: number;
  readonly format: MessageFormat;
}

/** One waiting task holds the partial answers of a query: more than these are refused, so that memory is bounded. */
const TASKS_WAITING_PER_THREAD = 16;

/** Merges the partial answers of a query, the large ones off the main thread, to which they are given away. Closing it stops its threads. */
export class Merger implements AsyncDisposable {
  readonly #deps: MergerDeps;
  readonly #settings: MergerSettings;
  readonly #threads: Threads;
  readonly #pool: WorkerPool<typeof tasks>;

  constructor(settings: MergerSettings, deps: MergerDeps) {
    this.#settings = settings;
    this.#deps = deps;
    // Threads start with the first large answer: small installations never pay for them.
    const maxThreads = mergeThreads(settings);
    this.#threads = new Threads({ maxThreads, idleTimeoutMs: 60_000 });
    const entry = new URL("merge-worker.ts", import.meta.url);
    const maxQueued = maxThreads * TASKS_WAITING_PER_THREAD;
    this.#pool = new WorkerPool({ endsAbandonedTasks: true, entry, maxQueued }, this.#threads);
  }

  /** @returns `querier.v1.FlameGraph`. */
  async flameGraph(
    trees: EncodedTrees,
    { maxNodes, format }: GraphOptions,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return this.#run({ type: "flame-graph", trees, maxNodes, format }, signal);
  }

  async tree(trees: EncodedTrees, maxNodes: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    return this.#run({ type: "tree", trees, maxNodes }, signal);
  }

  /** @returns `querier.v1.FlameGraphDiff`. */
  async diff(
    { left, right }: { left: EncodedTrees; right: EncodedTrees },
    { maxNodes, format }: GraphOptions,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return this.#run({ type: "diff", left, right, maxNodes, format }, signal);
  }

  async pprof(
    columns: readonly Uint8Array[],
    options: PprofOptions,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return this.#run({ type: "pprof", columns, options }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
    await this.#threads[Symbol.asyncDispose]();
  }

  async #run(task: MergeTask, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const parts = taskParts(task);
    const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
    const isLarge = sizeBytes > this.#settings.workerMergeBytes;
    const startMs = this.#deps.clock.monotonicMs();
    const merged = isLarge
      ? await this.#pool.run("merge", task, ownBuffers(parts), signal)
      : runMergeTask(task);
    const seconds = (this.#deps.clock.monotonicMs() - startMs) / 1000;
    this.#deps.metrics.mergeSeconds.observe({ place: isLarge ? "worker" : "main" }, seconds);
    return merged;
  }
}

/**
 * Buffers that may be moved to the thread: a part is most of its buffer, so nobody else's bytes are in there. Copying a
 * part would copy all of its buffer.
 */
function ownBuffers(parts: readonly Uint8Array[]): ArrayBuffer[] {
  const own = parts.filter((part) => part.length * 2 > part.buffer.byteLength);
  return [...new Set(own.map(({ buffer }) => buffer as ArrayBuffer))];
}
