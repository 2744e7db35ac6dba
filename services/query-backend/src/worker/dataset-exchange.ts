import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import { invariant } from "@hearth/errors";
import { blockMetaFromWire, type BlockMeta, type DatasetMeta } from "@hearth/block";

/*
 * Metadata of datasets never changes, and a wide query names thousands of sections: writing and reading them for each
 * query would cost more than summing a cached block. So a thread is told of a dataset once, and later only its key.
 */

/** Names a dataset of a block. */
export function datasetKey(blockId: string, offset: bigint | number): string {
  return `${blockId}/${offset}`;
}

/** The datasets of a query as they go to a thread. */
export interface DatasetParcel {
  /** All datasets, in the order of the request. */
  readonly keys: readonly string[];
  /** Blocks with those of them that the thread does not know yet. */
  readonly unknown: WireBlockMeta[];
  /** Whether the thread shall forget what it knew before. */
  readonly forget: boolean;
}

/** The main thread's side: what one thread knows. */
export class DatasetSender {
  readonly #limit: number;
  #known = new Set<string>();

  /** @param limit - datasets that a thread may know before it starts anew. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  pack(blocks: readonly WireBlockMeta[]): DatasetParcel {
    const forget = this.#known.size > this.#limit;
    if (forget) this.#known = new Set();
    const keys: string[] = [];
    const unknown: WireBlockMeta[] = [];
    for (const block of blocks) {
      const fresh = block.datasets.filter((dataset) =>
        this.#isNew(keys, datasetKey(block.id, dataset.offset)),
      );
      if (fresh.length > 0) unknown.push({ ...block, datasets: fresh });
    }
    return { keys, unknown, forget };
  }

  /** The thread is gone, and what it knew with it. */
  reset(): void {
    this.#known = new Set();
  }

  #isNew(keys: string[], key: string): boolean {
    keys.push(key);
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    return true;
  }
}

/** The thread's side. */
export class DatasetReceiver {
  readonly #known = new Map<string, () => { block: BlockMeta; dataset: DatasetMeta }>();

  /**
   * @param unknown - blocks with the datasets that are new here. All of them are known from now on, also those that
   * cannot be read: the main thread will not send them again.
   * @returns the blocks of a query, each with the datasets that it names.
   * @throws {DataLossError} when the metadata of one that it names cannot be read.
   */
  unpack(keys: readonly string[], unknown: readonly WireBlockMeta[], forget: boolean): BlockMeta[] {
    if (forget) this.#known.clear();
    for (const block of unknown) this.#learn(block);
    const blocks: (BlockMeta & { datasets: DatasetMeta[] })[] = [];
    for (const key of keys) {
      const known = this.#known.get(key);
      invariant(known, "the main thread names only datasets that it has sent");
      const { block, dataset } = known();
      const last = blocks.at(-1);
      if (last?.id === block.id) last.datasets.push(dataset);
      else blocks.push({ ...block, datasets: [dataset] });
    }
    return blocks;
  }

  #learn(wire: WireBlockMeta): void {
    const read = attempt(() => blockMetaFromWire(wire));
    for (const [index, { offset }] of wire.datasets.entries()) {
      this.#known.set(datasetKey(wire.id, offset), () => {
        const block = read();
        return { block, dataset: block.datasets[index]! };
      });
    }
  }
}

/** The result of `compute`, or what it threw, for whoever asks. */
function attempt<T>(compute: () => T): () => T {
  try {
    const value = compute();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
