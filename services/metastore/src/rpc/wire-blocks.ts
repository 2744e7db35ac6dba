import { blockMetaToWire } from "@hearth/block";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import { RecentMap } from "@hearth/runtime";
import type { MatchingBlock } from "../index-state/query.ts";
import type { Partition } from "../index-state/partition.ts";

/**
 * Messages of blocks that were asked for lately. What is registered of a block never changes, and questions come again with
 * a range that has moved a little: so the same message is handed out again, and callers in the same process know it by its
 * identity. Nobody may change it.
 */
export class WireBlocks {
  readonly #kept: RecentMap<string, WireBlockMeta>;
  /** A number for each partition, since a restored one numbers its rows anew. */
  readonly #partitions = new WeakMap<Partition, number>();
  #partitionCount = 0;

  /** @param keptDatasets - how many datasets of how many blocks ever are kept. */
  constructor(keptDatasets: number) {
    this.#kept = new RecentMap(keptDatasets);
  }

  of(block: MatchingBlock): WireBlockMeta {
    const key = `${this.#numberOf(block.partition)}/${block.row}/${block.selection}`;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const wire = blockMetaToWire(block.read());
    this.#kept.set(key, wire, wire.datasets.length);
    return wire;
  }

  #numberOf(partition: Partition): number {
    let number = this.#partitions.get(partition);
    if (number === undefined) this.#partitions.set(partition, (number = this.#partitionCount++));
    return number;
  }
}
