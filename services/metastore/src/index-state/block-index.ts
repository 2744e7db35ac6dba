import { isUlid, ulidTimeMs } from "@hearth/runtime";
import type { BlockMeta } from "@hearth/block";
import type { BlockPlace } from "./block-place.ts";
import { Partition, type TimeRange } from "./partition.ts";

/** A partition holds the blocks that were made within six hours. */
export const PARTITION_MS = 6 * 60 * 60 * 1000;

export interface TenantStats {
  readonly blockCount: number;
  readonly sizeBytes: number;
  /** Data time, Unix milliseconds, both inclusive. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly lastIngestMs: number;
}

/** A partition with more removed rows than this, and more of them than blocks, is written anew. */
const VACUUM_ROWS = 1_024;

const ALL_TIME: TimeRange = { startMs: -Infinity, endMs: Infinity };

/**
 * Every block that is registered: partition by the time at which the block was made → tenant → shard → blocks. A partition
 * knows the bounds of its data time, so that profiles that were pushed long after they were taken are found too.
 */
export class BlockIndex {
  /** By the number of the partition: creation time divided by {@link PARTITION_MS}. */
  readonly #partitions = new Map<number, Partition>();
  #sortedNumbers: number[] = [];

  /** Adds a valid block. @returns false when its id is registered already: the first registration stands. */
  add(block: BlockMeta, stampMs: number): boolean {
    return this.#partitionFor(partitionNumber(block.id)).add(block, stampMs);
  }

  /** @returns the block, or undefined when it is not registered. */
  remove(id: string): BlockMeta | undefined {
    const block = this.get(id);
    if (!block) return undefined;
    const number = partitionNumber(id);
    const partition = this.#partitions.get(number);
    partition?.remove(id);
    if (partition) this.#tidy(number, partition);
    return block;
  }

  get(id: string): BlockMeta | undefined {
    const found = this.locate(id);
    return found?.partition.block(found.row, ALL_TIME, (kind) => found.partition.vocabulary.kind(kind));
  }

  /** Where a block is, until the next block is removed; undefined when it is not registered. */
  locate(id: string): { readonly partition: Partition; readonly row: number } | undefined {
    if (!isUlid(id)) return undefined;
    const partition = this.#partitions.get(partitionNumber(id));
    const row = partition?.rowOf(id);
    return partition && row !== undefined ? { partition, row } : undefined;
  }

  /** Of all blocks; by partition, and in each in the order of their registration. */
  *places(): Generator<BlockPlace> {
    for (const [, partition] of this.partitions()) {
      for (const row of partition.rows()) yield partition.place(row);
    }
  }

  has(id: string): boolean {
    return isUlid(id) && this.#partitions.get(partitionNumber(id))?.rowOf(id) !== undefined;
  }

  /** In the order of the creation of their blocks. */
  partitions(): [number: number, Partition][] {
    return this.#sortedNumbers.flatMap((number) => {
      const partition = this.#partitions.get(number);
      return partition ? [[number, partition]] : [];
    });
  }

  /** Those with data in `range`, in the order of the creation of their blocks. */
  partitionsOverlapping(range: TimeRange): Partition[] {
    return this.partitions().flatMap(([, partition]) => (partition.overlaps(range) ? [partition] : []));
  }

  /** Sorted. */
  tenants(): string[] {
    const tenants = new Set<string>();
    for (const partition of this.#partitions.values()) {
      for (const [tenant, { blockCount }] of partition.tenants) if (blockCount > 0) tenants.add(tenant);
    }
    return [...tenants].toSorted();
  }

  /** Undefined when nothing is stored of the tenant. */
  tenantStats(tenant: string): TenantStats | undefined {
    let sum: TenantStats | undefined;
    for (const partition of this.#partitions.values()) {
      const rows = partition.tenants.get(tenant);
      const times = partition.tenantTimes(tenant);
      if (!rows || !times) continue;
      const { blockCount, sizeBytes, lastIngestMs } = rows;
      const stats = { blockCount, sizeBytes, lastIngestMs, ...times };
      sum = sum ? addStats(sum, stats) : stats;
    }
    return sum;
  }

  get blockCount(): number {
    let count = 0;
    for (const partition of this.#partitions.values()) count += partition.blockCount;
    return count;
  }

  /** Memory of the columns and records, without vocabularies. */
  get sizeBytes(): number {
    let sum = 0;
    for (const partition of this.#partitions.values()) sum += partition.sizeBytes;
    return sum;
  }

  /** Puts a restored partition in its place. */
  restore(number: number, partition: Partition): void {
    if (!this.#partitions.has(number))
      this.#sortedNumbers = [...this.#sortedNumbers, number].toSorted(ascending);
    this.#partitions.set(number, partition);
  }

  #tidy(number: number, partition: Partition): void {
    const removedCount = partition.rowCount - partition.blockCount;
    if (partition.blockCount === 0) {
      this.#partitions.delete(number);
      this.#sortedNumbers = this.#sortedNumbers.filter((other) => other !== number);
    } else if (removedCount > VACUUM_ROWS && removedCount > partition.blockCount) {
      this.#partitions.set(number, partition.vacuumed());
    }
  }

  #partitionFor(number: number): Partition {
    const known = this.#partitions.get(number);
    if (known) return known;
    const partition = new Partition();
    this.restore(number, partition);
    return partition;
  }
}

function partitionNumber(id: string): number {
  return Math.floor(ulidTimeMs(id) / PARTITION_MS);
}

function addStats(a: TenantStats, b: TenantStats): TenantStats {
  return {
    blockCount: a.blockCount + b.blockCount,
    sizeBytes: a.sizeBytes + b.sizeBytes,
    minTimeMs: Math.min(a.minTimeMs, b.minTimeMs),
    maxTimeMs: Math.max(a.maxTimeMs, b.maxTimeMs),
    lastIngestMs: Math.max(a.lastIngestMs, b.lastIngestMs),
  };
}

function ascending(a: number, b: number): number {
  return a - b;
}
