import type { BlockIndex } from "../../src/index-state/block-index.ts";
import type { Partition, TenantRows } from "../../src/index-state/partition.ts";

/**
 * Everything that an index answers from, in an order that does not depend on that of the registrations. Left out is when a
 * tenant last stored something: that is the time of a registration.
 */
export function dumpIndex(index: BlockIndex): unknown {
  return index.partitions().map(([number, partition]) => ({
    number,
    minTimeMs: partition.minTimeMs,
    maxTimeMs: partition.maxTimeMs,
    blocks: idsOf(partition).map((id) => index.get(id)),
    tenants: [...partition.tenants]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([tenant, rows]) => ({ tenant, ...dumpTenant(partition, rows) })),
  }));
}

function dumpTenant(partition: Partition, rows: TenantRows): object {
  const { blockCount, sizeBytes, minTimeMs, maxTimeMs } = rows;
  const shards = [...rows.shards]
    .toSorted(([a], [b]) => a - b)
    .map(([shard, list]) => ({
      shard,
      ids: Array.from({ length: list.count }, (_, position) => idOf(partition, list.at(position))),
    }));
  return { blockCount, sizeBytes, minTimeMs, maxTimeMs, shards };
}

function idsOf(partition: Partition): string[] {
  return Array.from({ length: partition.rowCount }, (_, row) => idOf(partition, row)).toSorted();
}

function idOf(partition: Partition, row: number): string {
  return partition.block(row, { startMs: -Infinity, endMs: Infinity }, () => undefined).id;
}
