import type { BuiltSegment, SegmentDataset, SegmentInput } from "@hearth/block";
import { WorkerPool, type Threads } from "@hearth/worker-pool";

import type * as tasks from "./build-worker.ts";

/** Turns batches into the bytes of a segment. */
export interface SegmentBuilder {
  build(input: SegmentInput, signal: AbortSignal): Promise<BuiltSegment>;
}

/** Builds in worker threads: it is most of the writer's CPU time. */
export class WorkerSegmentBuilder implements SegmentBuilder, AsyncDisposable {
  readonly #pool: WorkerPool<typeof tasks>;

  constructor(settings: { readonly maxQueued: number }, threads: Threads) {
    // Profiles that wait to be prepared are many and have time; a segment has a hundred callers waiting.
    const entry = new URL("./build-worker.ts", import.meta.url);
    this.#pool = new WorkerPool({ entry, ...settings, isUrgent: true }, threads);
  }

  async build(input: SegmentInput, signal: AbortSignal): Promise<BuiltSegment> {
    const { datasets, buffer } = packDatasets(input.datasets);
    return this.#pool.run("build", { ...input, datasets }, [buffer], signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}

/**
 * The same datasets with all batches in one buffer, which can be moved to a worker, each at a multiple of 8, where it can
 * be decoded in place. The batches as they came cannot be moved: they lie in the buffers of requests, which others may
 * still hold. Copying 8 MiB takes a millisecond or two.
 */
export function packDatasets(datasets: readonly SegmentDataset[]): {
  datasets: SegmentDataset[];
  buffer: ArrayBuffer;
} {
  const sizeBytes = datasets.reduce((sum, { batches }) => sum + packedBytes(batches), 0);
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer);
  let offset = 0;
  const pack = (batch: Uint8Array): Uint8Array => {
    const start = offset;
    bytes.set(batch, start);
    offset += align8(batch.length);
    return bytes.subarray(start, start + batch.length);
  };
  return {
    datasets: datasets.map((dataset) => ({ ...dataset, batches: dataset.batches.map(pack) })),
    buffer: bytes.buffer,
  };
}

function packedBytes(batches: readonly Uint8Array[]): number {
  return batches.reduce((sum, { length }) => sum + align8(length), 0);
}

function align8(size: number): number {
  return Math.ceil(size / 8) * 8;
}
