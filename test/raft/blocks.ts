import { blockMetaToWire } from "@hearth/block";
import type { BlockMeta } from "@hearth/proto/hearth/block/v1";

/** All blocks are of the second that begins here. */
export const START_MS = 1_767_225_600_000;

/** What is registered of a segment with one small dataset of the tenant. Nobody reads its object. */
export function blockMeta(id: string, tenant: string): BlockMeta {
  const times = { minTimeMs: START_MS, maxTimeMs: START_MS + 1_000 };
  const labels = [
    { name: "__profile_type__", value: "process_cpu:cpu:nanoseconds:cpu:nanoseconds" },
    { name: "service_name", value: "shop" },
  ];
  return blockMetaToWire({
    formatVersion: 1,
    id,
    tenant: "",
    shard: 1,
    level: 0,
    ...times,
    createdBy: "writer-0",
    sizeBytes: 500,
    datasets: [
      {
        tenant,
        service: "shop",
        ...times,
        offset: 0,
        sizeBytes: 400,
        sections: [{ kind: "series", offset: 0, sizeBytes: 90, rawSizeBytes: 200, crc: 7, codec: "zstd" }],
        labelSets: [labels],
        seriesCount: 1,
        profileCount: 1,
        sampleCount: 1,
      },
    ],
  });
}
