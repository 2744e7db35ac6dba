import { describe, expect, it } from "@jest/globals";
import { blockMetaToWire, type BlockMeta } from "@hearth/block";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import fc from "fast-check";
import { BlockReceiver, BlockSender } from "./block-exchange.ts";

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

describe("blocks on their way to a thread", () => {
  it("arrive as they were sent, whatever the thread knew before, and however often it starts anew", () => {
    fc.assert(
      fc.property(fc.array(anyQuery), fc.nat(10), (queries, limit) => {
        const sender = new BlockSender(limit);
        const receiver = new BlockReceiver();
        for (const blocks of queries) {
          expect(receiver.unpack(sender.pack(blocks.map(blockMetaToWire)))).toEqual(blocks);
        }
      }),
    );
  });

  it("fail again and again when their metadata cannot be read, and harm no others", () => {
    const sender = new BlockSender(100);
    const receiver = new BlockReceiver();
    const broken = { ...blockMetaToWire(block(1, [1])), createdBy: 99 };
    const sound = blockMetaToWire(block(2, [1]));
    for (const blocks of [[broken], [broken], [broken, sound]]) {
      const parcel = sender.pack(blocks);
      expect(() => receiver.unpack(parcel)).toThrow(/no such string/);
    }
    expect(receiver.unpack(sender.pack([sound]))).toEqual([block(2, [1])]);
  });

  it.each([
    { name: "as the same message", again: (wire: WireBlockMeta) => wire },
    { name: "as an equal message", again: (wire: WireBlockMeta) => structuredClone(wire) },
  ])("are written out once, when they come again $name", ({ again }) => {
    const sender = new BlockSender(100);
    const wire = blockMetaToWire(block(1, [1, 2]));
    const first = sender.pack([wire]);
    const second = sender.pack([again(wire)]);
    expect([first.unknown, second.unknown]).toEqual([[wire], []]);
    expect(second.numbers).toEqual(first.numbers);
  });

  it("are known anew to a new thread", () => {
    const sender = new BlockSender(100);
    const wire = blockMetaToWire(block(1, [1]));
    sender.pack([wire]);
    sender.reset();
    expect(new BlockReceiver().unpack(sender.pack([wire]))).toEqual([block(1, [1])]);
  });
});
