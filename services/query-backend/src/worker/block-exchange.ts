import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import { invariant } from "@hearth/errors";
import { blockMetaFromWire, type BlockMeta } from "@hearth/block";

/*
 * Metadata of datasets never changes, and a wide query names thousands of sections: writing and reading them for each
 * query would cost more than summing a cached block. So a thread is told of a block once, with those of its datasets that
 * a query names, and later only its number. Numbers are never used twice.
 */

/** The blocks of a query as they go to a thread. */
export interface BlockParcel {
  /** Numbers of all blocks, in the order of the request. */
  readonly numbers: Uint32Array;
  /** Those that the thread does not know yet; they have the numbers from `firstUnknown` on. */
  readonly unknown: WireBlockMeta[];
  readonly firstUnknown: number;
  /** Whether the thread shall forget what it knew before. */
  readonly forget: boolean;
}

/** The main thread's side: what one thread knows. */
export class BlockSender {
  readonly #limit: number;
  #next = 0;
  #knownDatasets = 0;
  /** By block and datasets. */
  #byName = new Map<string, number>();
  /** The same: a metastore in this process hands out the same message again and again. */
  #byIdentity = new WeakMap<WireBlockMeta, number>();

  /** @param limit - datasets that a thread may know before it starts anew. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  pack(blocks: readonly WireBlockMeta[]): BlockParcel {
    const forget = this.#knownDatasets > this.#limit;
    if (forget) this.reset();
    const firstUnknown = this.#next;
    const unknown: WireBlockMeta[] = [];
    const numbers = Uint32Array.from(blocks, (block) => {
      const known = this.#byIdentity.get(block);
      return known ?? this.#numberOf(block, unknown);
    });
    return { numbers, unknown, firstUnknown, forget };
  }

  /** The thread is gone, and what it knew with it. */
  reset(): void {
    this.#knownDatasets = 0;
    this.#byName = new Map();
    this.#byIdentity = new WeakMap();
  }

  #numberOf(block: WireBlockMeta, unknown: WireBlockMeta[]): number {
    const name = nameOf(block);
    let number = this.#byName.get(name);
    if (number === undefined) {
      number = this.#next++;
      this.#byName.set(name, number);
      this.#knownDatasets += block.datasets.length;
      unknown.push(block);
    }
    this.#byIdentity.set(block, number);
    return number;
  }
}

/** The thread's side. */
export class BlockReceiver {
  readonly #known = new Map<number, () => BlockMeta>();

  /**
   * Blocks that are new here are known from now on, also those that cannot be read: the main thread will not send them again.
   *
   * @returns the blocks of a query, each with the datasets that it names; the same objects for the same numbers.
   * @throws {DataLossError} when the metadata of one that it names cannot be read.
   */
  unpack({ numbers, unknown, firstUnknown, forget }: BlockParcel): BlockMeta[] {
    if (forget) this.#known.clear();
    for (const [index, block] of unknown.entries()) {
      this.#known.set(
        firstUnknown + index,
        attempt(() => blockMetaFromWire(block)),
      );
    }
    return Array.from(numbers, (number) => {
      const block = this.#known.get(number);
      invariant(block, "the main thread names only blocks that it has sent");
      return block();
    });
  }
}

/** Equal for messages that name the same datasets of the same block. Their label sets are nothing that a leaf reads. */
function nameOf({ id, datasets }: WireBlockMeta): string {
  return `${id}/${datasets.map(({ offset }) => offset).join()}`;
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
