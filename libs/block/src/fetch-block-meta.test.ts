import { ProfileMerger } from "@hearth/profile";
import { buildProfileColumns } from "@hearth/testing";
import { describe, expect, it } from "@jest/globals";
import { type BlockMeta, BlockWriter, fetchBlockMeta, MemoryPartSink, type RangeReader } from "./index.ts";

const { signal } = new AbortController();
const IDENTITY = { tenant: "", shard: 7, level: 0, createdBy: "writer-0" };
const MAX_META_BYTES = 1 << 20;

function blockOf(serviceCount: number): { bytes: Uint8Array; meta: BlockMeta } {
  const sink = new MemoryPartSink();
  const writer = new BlockWriter(IDENTITY, sink);
  for (let i = 0; i < serviceCount; i++) {
    const merger = new ProfileMerger();
    const labels = { service_name: `service-${i}` };
    merger.add(buildProfileColumns([{ labels, timeMs: 5, id: 1, samples: [["main", 1n]] }]));
    writer.addDataset("acme", `service-${i}`, merger.build());
  }
  const meta = writer.finish("01J2VJQPYDC160REPAD2VN88XN");
  return { bytes: sink.build(), meta };
}

interface CountingReader extends RangeReader {
  readonly reads: { offset: number; length: number }[];
}

function readerOf(bytes: Uint8Array): CountingReader {
  const reads: { offset: number; length: number }[] = [];
  return {
    reads,
    async read(offset, length) {
      reads.push({ offset, length });
      return bytes.slice(offset, offset + length);
    },
  };
}

function fetchFrom(bytes: Uint8Array, maxMetaBytes = MAX_META_BYTES) {
  return fetchBlockMeta(readerOf(bytes), { sizeBytes: bytes.length, maxMetaBytes }, signal);
}

describe("fetchBlockMeta", () => {
  it.each([
    { name: "one read is enough for a block of few datasets", serviceCount: 1, readCount: 1 },
    { name: "long metadata takes a second read, of nothing but itself", serviceCount: 60, readCount: 2 },
  ])("$name", async ({ serviceCount, readCount }) => {
    const { bytes, meta } = blockOf(serviceCount);
    const reader = readerOf(bytes);
    const fetched = await fetchBlockMeta(
      reader,
      { sizeBytes: bytes.length, maxMetaBytes: MAX_META_BYTES },
      signal,
    );
    expect(fetched.meta).toEqual(meta);
    expect(reader.reads).toHaveLength(readCount);
    expect(reader.reads[0]!.length).toBe(Math.min(4096, bytes.length));
    expect(reader.reads[1]?.length ?? fetched.metaSizeBytes).toBe(fetched.metaSizeBytes);
  });

  const { bytes } = blockOf(1);
  const flipped = bytes.slice();
  flipped[bytes.length - 60]! ^= 1;
  it.each([
    { name: "an empty object", object: new Uint8Array(), problem: "too short" },
    { name: "an object of something else", object: new Uint8Array(5000), problem: "not a block" },
    { name: "a block that was cut off", object: bytes.slice(0, -100), problem: "not a block" },
    { name: "a block whose beginning is missing", object: bytes.slice(8), problem: "not as long" },
    { name: "a damaged bit in the metadata", object: flipped, problem: "metadata is damaged" },
  ])("refuses $name", async ({ object, problem }) => {
    await expect(fetchFrom(object)).rejects.toThrow(problem);
  });

  it("refuses metadata above the limit without reading it", async () => {
    await expect(fetchFrom(bytes, 10)).rejects.toThrow("too large");
  });
});
