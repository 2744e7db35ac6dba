import { describe, expect, it } from "@jest/globals";
import { blockMetaToWire, type BlockMeta } from "@hearth/block";
import fc from "fast-check";
import { DatasetReceiver, DatasetSender } from "./dataset-exchange.ts";

function block(id: number, offsets: readonly number[]): BlockMeta {
  return {
    formatVersion: 1,
    id: `block-${id}`,
    tenant: "",
    shard: 1,
    level: 0,
    minTimeMs: 0,
    maxTimeMs: 1,
    createdBy: "test",
    sizeBytes: 100,
    datasets: offsets.map((offset) => ({
      tenant: "acme",
      service: `service-${offset}`,
      minTimeMs: 0,
      maxTimeMs: 1,
      offset,
      sizeBytes: 1,
      sections: [],
      labelSets: [],
      seriesCount: 1,
      profileCount: 1,
      sampleCount: 1,
    })),
  };
}

const anyQuery = fc
  .uniqueArray(fc.nat(5))
  .chain((ids) =>
    fc.tuple(
      ...ids.map((id) => fc.uniqueArray(fc.nat(4), { minLength: 1 }).map((offsets) => block(id, offsets))),
    ),
  );

describe("datasets on their way to a thread", () => {
  it("arrive as they were sent, whatever the thread knew before, and however often it starts anew", () => {
    fc.assert(
      fc.property(fc.array(anyQuery), fc.nat(10), (queries, limit) => {
        const sender = new DatasetSender(limit);
        const receiver = new DatasetReceiver();
        for (const blocks of queries) {
          const { keys, unknown, forget } = sender.pack(blocks.map(blockMetaToWire));
          expect(receiver.unpack(keys, unknown, forget)).toEqual(blocks);
        }
      }),
    );
  });

  it("fail again and again when their metadata cannot be read, and harm no others", () => {
    const sender = new DatasetSender(100);
    const receiver = new DatasetReceiver();
    const broken = { ...blockMetaToWire(block(1, [1])), createdBy: 99 };
    const sound = blockMetaToWire(block(2, [1]));
    for (const blocks of [[broken], [broken], [broken, sound]]) {
      const { keys, unknown, forget } = sender.pack(blocks);
      expect(() => receiver.unpack(keys, unknown, forget)).toThrow(/no such string/);
    }
    const { keys, unknown, forget } = sender.pack([sound]);
    expect(receiver.unpack(keys, unknown, forget)).toEqual([block(2, [1])]);
  });

  it("are written out once", () => {
    const sender = new DatasetSender(100);
    const wire = blockMetaToWire(block(1, [1, 2]));
    expect(sender.pack([wire]).unknown).toHaveLength(1);
    expect(sender.pack([wire]).unknown).toEqual([]);
  });
});
