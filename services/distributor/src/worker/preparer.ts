import { WorkerPool, type Threads } from "@hearth/worker-pool";
import type { EncodedExport, ExportTask } from "./prepare-export.ts";
import type { EncodedOutcome, PrepareTask } from "./prepare-profiles.ts";
import type * as tasks from "./prepare-worker.ts";

/** Prepares what clients push. The memory of bodies in a task is given away. */
export interface Preparer {
  /** What became of each profile, in order. */
  prepareProfiles(task: PrepareTask, signal: AbortSignal): Promise<EncodedOutcome[]>;
  /** @throws {InvalidArgumentError} when the body is no export. */
  prepareExport(task: ExportTask, signal: AbortSignal): Promise<EncodedExport>;
  /** Columns of one service into one row for each series. @throws {DataLossError} when they are none. */
  sumProfiles(parts: readonly Uint8Array[], signal: AbortSignal): Promise<Uint8Array>;
}

/** Prepares in worker threads. */
export class PoolPreparer implements Preparer, AsyncDisposable {
  readonly #pool: WorkerPool<typeof tasks>;

  constructor(settings: { maxQueued: number }, threads: Threads) {
    const entry = new URL("./prepare-worker.ts", import.meta.url);
    this.#pool = new WorkerPool({ entry, maxQueued: settings.maxQueued }, threads);
  }

  async prepareProfiles(task: PrepareTask, signal: AbortSignal): Promise<EncodedOutcome[]> {
    const inputs = task.inputs.map((input) => ({ ...input, body: movable(input.body) }));
    const transfer = inputs.map(({ body }) => body.buffer);
    return this.#pool.run("profiles", { ...task, inputs }, transfer, signal);
  }

  async prepareExport(task: ExportTask, signal: AbortSignal): Promise<EncodedExport> {
    const body = movable(task.body);
    return this.#pool.run("otlpExport", { ...task, body }, [body.buffer], signal);
  }

  async sumProfiles(parts: readonly Uint8Array[], signal: AbortSignal): Promise<Uint8Array> {
    const moved = parts.map(movable);
    const transfer = moved.map(({ buffer }) => buffer);
    return this.#pool.run("sum", moved, transfer, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}

/** A copy in memory of its own: a body is part of its request, whose memory stays here. */
function movable(body: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(body);
}
