/**
 * A segment that is being filled: pushes of one shard, sorted into datasets, and those who wait for their answers. It
 * holds the batches as they came; nothing is decoded before a worker builds the segment.
 */
import type { SegmentDataset } from "@hearth/block";
import { Code } from "@hearth/errors";

export interface PushedBatch {
  readonly service: string;
  /** Profile columns as `@hearth/profile` encodes them. */
  readonly columns: Uint8Array;
}

/** Profiles of one tenant for one shard. */
export interface Push {
  readonly tenant: string;
  /** At least 1. */
  readonly shard: number;
  readonly batches: readonly PushedBatch[];
}

/** A batch that is not stored, and why. */
export interface BatchFailure {
  /** Index into the batches of the push. */
  readonly batch: number;
  readonly code: Code;
  readonly message: string;
}

/** A push of a closed segment, without its bytes. */
export interface WaitingPush {
  readonly tenant: string;
  readonly sizeBytes: number;
  /** For each batch, the index of its dataset. */
  readonly datasets: readonly number[];
  readonly answer: PromiseWithResolvers<readonly BatchFailure[]>;
}

export interface ClosedSegment {
  readonly shard: number;
  readonly sizeBytes: number;
  readonly datasets: readonly SegmentDataset[];
  readonly pushes: readonly WaitingPush[];
}

/** What a batch takes beside its columns: so that many empty ones are not free. */
const BATCH_OVERHEAD_BYTES = 256;

/** Memory that a push is charged for while it waits. */
export function pushSizeBytes(push: Push): number {
  return push.batches.reduce((sum, { columns }) => sum + columns.length + BATCH_OVERHEAD_BYTES, 0);
}

/** The segment that pushes of a shard go to now. */
export class OpenSegment {
  readonly shard: number;
  /** Monotonic. */
  readonly openedAtMs: number;
  #sizeBytes = 0;
  readonly #datasets: (SegmentDataset & { readonly batches: Uint8Array[] })[] = [];
  /** Tenant, then service, to an index into `#datasets`. */
  readonly #index = new Map<string, Map<string, number>>();
  readonly #pushes: WaitingPush[] = [];

  constructor(shard: number, openedAtMs: number) {
    this.shard = shard;
    this.openedAtMs = openedAtMs;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Adds a push; the promise is its answer, once the segment is stored. */
  add(push: Push): Promise<readonly BatchFailure[]> {
    const datasets = push.batches.map(({ service, columns }) =>
      this.#addBatch(push.tenant, service, columns),
    );
    const sizeBytes = pushSizeBytes(push);
    const answer = Promise.withResolvers<readonly BatchFailure[]>();
    this.#pushes.push({ tenant: push.tenant, sizeBytes, datasets, answer });
    this.#sizeBytes += sizeBytes;
    return answer.promise;
  }

  /** Nothing may be added afterwards. */
  close(): ClosedSegment {
    return { shard: this.shard, sizeBytes: this.#sizeBytes, datasets: this.#datasets, pushes: this.#pushes };
  }

  #addBatch(tenant: string, service: string, columns: Uint8Array): number {
    const services = this.#index.get(tenant) ?? new Map<string, number>();
    this.#index.set(tenant, services);
    const known = services.get(service);
    if (known !== undefined) {
      this.#datasets[known]!.batches.push(columns);
      return known;
    }
    services.set(service, this.#datasets.length);
    return this.#datasets.push({ tenant, service, batches: [columns] }) - 1;
  }
}

/**
 * What a push is answered with when its segment is stored.
 *
 * @param failed - datasets that could not be built, and why.
 */
export function batchFailures(
  push: WaitingPush,
  failed: ReadonlyMap<number, string>,
): readonly BatchFailure[] {
  if (failed.size === 0) return [];
  return push.datasets.flatMap((dataset, batch) => {
    const message = failed.get(dataset);
    return message === undefined ? [] : [{ batch, code: Code.InvalidArgument, message }];
  });
}
