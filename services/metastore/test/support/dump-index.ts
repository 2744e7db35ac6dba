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
      .filter(([, rows]) => rows.blockCount > 0)
      .map(([tenant, rows]) => ({
        tenant,
        ...partition.tenantTimes(tenant),
        ...dumpTenant(partition, rows),
      })),
  }));
}

function dumpTenant(partition: Partition, rows: TenantRows): object {
  const { blockCount, sizeBytes } = rows;
  const shards = [...rows.shards]
    .toSorted(([a], [b]) => a - b)
    .map(([shard, list]) => ({
      shard,
      ids: Array.from({ length: list.count }, (_, position) => partition.idOf(list.at(position))),
    }));
  return { blockCount, sizeBytes, shards };
}

function idsOf(partition: Partition): string[] {
  return [...partition.rows()].map((row) => partition.idOf(row)).toSorted();
}
