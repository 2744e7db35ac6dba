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
    const { datasets, buffers } = movableDatasets(input.datasets);
    return this.#pool.run("build", { ...input, datasets }, buffers, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}

/** Datasets whose memory can be moved to another thread. */
export interface MovableDatasets {
  readonly datasets: SegmentDataset[];
  /** All memory behind the batches, each buffer once. */
  readonly buffers: ArrayBuffer[];
}

/**
 * The same datasets in memory that can be moved to a worker, where batches are decoded in place, since each begins at a
 * multiple of 8. A batch that fills a buffer is all there is in it, as batches from this process are: it is moved as it
 * is, and whoever pushed it sees it empty. Batches that came over the network lie side by side in the buffers of requests:
 * they are copied into one of their own.
 */
export function movableDatasets(datasets: readonly SegmentDataset[]): MovableDatasets {
  const buffers = new Set<ArrayBuffer>();
  const moves = datasets.map(({ batches }) => batches.map((batch) => takeWhole(batch, buffers)));
  const copied = datasets.flatMap(({ batches }, dataset) =>
    batches.filter((_, batch) => !moves[dataset]![batch]!),
  );
  const packer = new Packer(copied.reduce((sum, { length }) => sum + align8(length), 0));
  if (copied.length > 0) buffers.add(packer.buffer);
  return {
    datasets: datasets.map((dataset, index) => ({
      ...dataset,
      batches: dataset.batches.map((batch, at) => (moves[index]![at]! ? batch : packer.pack(batch))),
    })),
    buffers: [...buffers],
  };
}

/** Whether the batch fills a buffer that no batch before it filled; then the buffer is among `buffers` from now on. */
function takeWhole({ buffer, length }: Uint8Array, buffers: Set<ArrayBuffer>): boolean {
  const fills = length > 0 && length === buffer.byteLength && buffer instanceof ArrayBuffer;
  if (!fills || buffers.has(buffer)) return false;
  buffers.add(buffer);
  return true;
}

/** Lays batches side by side, each at a multiple of 8. */
class Packer {
  readonly buffer: ArrayBuffer;
  #end = 0;

  constructor(sizeBytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(sizeBytes).buffer;
  }

  pack(batch: Uint8Array): Uint8Array {
    const packed = new Uint8Array(this.buffer, this.#end, batch.length);
    packed.set(batch);
    this.#end += align8(batch.length);
    return packed;
  }
}

function align8(size: number): number {
  return Math.ceil(size / 8) * 8;
}
