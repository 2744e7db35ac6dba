import { blockMetaToWire, type BlockMeta, type DatasetMeta } from "@hearth/block";
import type { Labels } from "@hearth/labels";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import { systemClock, UlidFactory, type Clock, type Random } from "@hearth/runtime";

/** 2026-01-01T00:00:00Z, the beginning of a partition. */
export const START_MS = 1_767_225_600_000;

/** A clock by which that is now: the blocks here are young by it. */
export const clockOfBlocks: Clock = {
  ...systemClock,
  nowMs: () => START_MS + Math.floor(performance.now()),
  nowNanos: () => BigInt(clockOfBlocks.nowMs()) * 1_000_000n,
};

export const CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
export const MEMORY = "memory:inuse_space:bytes:space:bytes";

/** A ULID made at `timeMs`; the same arguments make the same. */
export function ulidAt(timeMs: number, random: Random): string {
  const clock = { nowMs: () => timeMs, nowNanos: () => 0n, monotonicMs: () => 0, sleep: async () => {} };
  return new UlidFactory({ clock, random }).next();
}

export function labelsOf(service: string, profileType: string): Labels {
  const [name = "", type = "", unit = "", periodType = "", periodUnit = ""] = profileType.split(":");
  return [
    { name: "__name__", value: name },
    { name: "__period_type__", value: periodType },
    { name: "__period_unit__", value: periodUnit },
    { name: "__profile_type__", value: profileType },
    { name: "__type__", value: type },
    { name: "__unit__", value: unit },
    { name: "service_name", value: service },
  ];
}

export function dataset(fields: Partial<DatasetMeta> = {}): DatasetMeta {
  const service = fields.service ?? "shop";
  const offset = fields.offset ?? 0;
  return {
    tenant: "acme",
    service,
    minTimeMs: START_MS,
    maxTimeMs: START_MS + 1_000,
    offset,
    sizeBytes: 400,
    sections: [
      { kind: "series", offset, sizeBytes: 90, rawSizeBytes: 200, crc: 0xdead_beef, codec: "zstd" },
      { kind: "profiles", offset: offset + 96, sizeBytes: 300, rawSizeBytes: 300, crc: 7, codec: "none" },
    ],
    labelSets: [labelsOf(service, CPU)],
    seriesCount: 2,
    profileCount: 3,
    sampleCount: 4_000,
    ...fields,
  };
}

export function block(id: string, fields: Partial<BlockMeta> = {}): BlockMeta {
  const datasets = fields.datasets ?? [dataset()];
  return {
    formatVersion: 1,
    id,
    tenant: "",
    shard: 1,
    level: 0,
    minTimeMs: Math.min(...datasets.map(({ minTimeMs }) => minTimeMs)),
    maxTimeMs: Math.max(...datasets.map(({ maxTimeMs }) => maxTimeMs)),
    createdBy: "writer-0",
    sizeBytes: 10_000,
    datasets,
    ...fields,
  };
}

export function wireBlock(id: string, fields: Partial<BlockMeta> = {}): WireBlockMeta {
  return blockMetaToWire(block(id, fields));
}
