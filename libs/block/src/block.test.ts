import { Arena } from "@hearth/arena";
import { describe, expect, it } from "@jest/globals";
import { encodeProfileColumns, ProfileMerger, type ProfileColumns } from "@hearth/profile";
import { stringAt } from "@hearth/symbols";
import { buildProfileColumns, sketchRows, type RowSketch } from "@hearth/testing";
import fc from "fast-check";
import { readDataset } from "../test/support/read-dataset.ts";
import {
  type BlockMeta,
  BlockWriter,
  buildSegment,
  type CallTree,
  decodeBlockMeta,
  encodeBlockMeta,
  MemoryPartSink,
  readBlockMeta,
} from "./index.ts";

const ID = "01J2VJQPYDC160REPAD2VN88XN";
const IDENTITY = { tenant: "", shard: 7, level: 0, createdBy: "writer-0" };
const SEGMENT = { id: ID, shard: 7, createdBy: "writer-0" };

const anyRow: fc.Arbitrary<RowSketch> = fc.record({
  labels: fc
    .record({ pod: fc.constantFrom("a", "b"), __profile_type__: fc.constantFrom("cpu", "wall") })
    .map((labels) => ({ ...labels, service_name: "shop" })),
  timeMs: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_009 }),
  timeRestNanos: fc.nat(999_999),
  id: fc.nat(255),
  samples: fc.uniqueArray(
    fc.tuple(
      fc.constantFrom("main", "main;work", "main;work+inlined", "main;0x7f01", "日本;語", ""),
      fc.bigInt({ min: 1n, max: 2n ** 62n }),
      fc.nat(3),
    ),
    { selector: ([stack]) => stack },
  ),
});

function merged(rows: readonly RowSketch[]): ProfileColumns {
  const merger = new ProfileMerger();
  merger.add(buildProfileColumns(rows));
  return merger.build();
}

const row = {
  labels: { service_name: "shop" },
  timeMs: 5,
  id: 1,
  samples: [["main", 1n]],
} satisfies RowSketch;

/** A block with a tenant for each of `datasets`. */
function blockOf(datasets: readonly ProfileColumns[]): { bytes: Uint8Array; meta: BlockMeta } {
  const sink = new MemoryPartSink();
  const writer = new BlockWriter(IDENTITY, sink);
  for (const [i, columns] of datasets.entries()) writer.addDataset(`tenant-${i}`, "shop", columns);
  const meta = writer.finish(ID);
  return { bytes: sink.build(), meta };
}

/** The frames of a node, outermost first; inlined calls are frames. */
function nodePath({ names, parent, name }: CallTree, node: number): string {
  const frames: string[] = [];
  for (let at = node; at !== 0; at = parent[at]!) frames.unshift(stringAt(names, name[at]!));
  return frames.join(";");
}

const withoutSpanZero = (rows: readonly RowSketch[]): RowSketch[] =>
  rows.map((row) => ({
    ...row,
    samples: row.samples.map(([stack, value, span]) => (span ? [stack, value, span] : [stack, value])),
  }));

describe("block", () => {
  it("gives back every dataset as it was, and the call tree of its stack traces", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyRow, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 }),
        async (datasets) => {
          const written = datasets.map(merged);
          const { bytes, meta } = blockOf(written);
          expect(meta.sizeBytes).toBe(bytes.length);
          for (const [i, columns] of written.entries()) {
            const read = await readDataset(bytes, meta.datasets[i]!);
            expect(sketchRows(read)).toEqual(withoutSpanZero(sketchRows(columns)));
            const paths = Array.from(read.tree.nodeOf, (node) => nodePath(read.tree, node));
            const stacks = sketchRows(read).flatMap((row) => row.samples.map(([stack]) => stack));
            expect(paths).toEqual(
              expect.arrayContaining(
                stacks.map((stack) => stack.replaceAll("+", ";").replace("0x", "app!0x")),
              ),
            );
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it("carries its own metadata, which comes back as it was", () => {
    const { bytes, meta } = blockOf([merged([row])]);
    expect(readBlockMeta(bytes)).toEqual(meta);
    expect(decodeBlockMeta(encodeBlockMeta(meta))).toEqual(meta);
    expect(meta).toMatchObject({ ...IDENTITY, id: ID, minTimeMs: 5, maxTimeMs: 5 });
    expect(meta.datasets[0]).toMatchObject({
      tenant: "tenant-0",
      service: "shop",
      labelSets: [[{ name: "service_name", value: "shop" }]],
      seriesCount: 1,
      profileCount: 1,
      sampleCount: 1,
    });
  });

  it("says what it was made from, if it was", () => {
    const { meta } = blockOf([merged([row])]);
    const origin = { sources: ["01J2VJQPYDC160REPAD2VN88XA", "01J2VJQPYDC160REPAD2VN88XB"], outputCount: 3 };
    expect(decodeBlockMeta(encodeBlockMeta({ ...meta, origin }))).toEqual({ ...meta, origin });
    expect(decodeBlockMeta(encodeBlockMeta(meta))).not.toHaveProperty("origin");
  });

  it("is refused, or read as it was, when any one bit is flipped: never read differently", async () => {
    const rows = merged([
      {
        labels: { service_name: "shop", pod: "a" },
        timeMs: 5,
        id: 1,
        samples: [
          ["main;work", 7n],
          ["main", 2n],
        ],
      },
      { labels: { service_name: "shop", pod: "b" }, timeMs: 6, id: 2, samples: [["main;0x7f01", 9n]] },
      // Read by those of the row before.
      { labels: { service_name: "shop", pod: "c" }, timeMs: 6, id: 2, samples: [["main;0x7f01", 500n]] },
    ]);
    const { bytes } = blockOf([rows]);
    const outcomes = new Set<string>();
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1 << (at % 8);
      outcomes.add(await outcome(damaged, JSON.stringify(sketchRows(rows), bigintAsText)));
    }
    expect(outcomes).toEqual(new Set(["refused", "as it was"]));
  });
});

async function outcome(object: Uint8Array, expected: string): Promise<string> {
  let meta: BlockMeta;
  try {
    meta = readBlockMeta(object);
    const read = await readDataset(object, meta.datasets[0]!);
    return JSON.stringify(sketchRows(read), bigintAsText) === expected ? "as it was" : "read differently";
  } catch (error) {
    return (error as Error).name === "DataLossError" ? "refused" : String(error);
  }
}

const bigintAsText = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? value.toString() : value;

describe("buildSegment", () => {
  const batch = encodeProfileColumns(buildProfileColumns([row]));

  it("stores a profile once that was pushed twice", () => {
    const { meta } = buildSegment({
      ...SEGMENT,
      datasets: [{ tenant: "acme", service: "shop", batches: [batch, batch.slice()] }],
    });
    expect(decodeBlockMeta(meta).datasets).toMatchObject([{ profileCount: 1 }]);
  });

  it("builds the same bytes in memory that datasets and segments share", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(anyRow, { minLength: 1, maxLength: 4 }), { maxLength: 3 }),
        (services) => {
          const datasets = services.map((rows, index) => ({
            tenant: "acme",
            service: `shop-${index}`,
            batches: rows.map((each) => encodeProfileColumns(buildProfileColumns([each]))),
          }));
          const alone = buildSegment({ ...SEGMENT, datasets });
          const arena = new Arena({ chunkBytes: 1 << 10, keptBytes: 1 << 14 });
          const shared = [1, 2].map(() => buildSegment({ ...SEGMENT, datasets }, arena));
          expect(shared).toEqual([alone, alone]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("leaves out a dataset that cannot be read, says why, and keeps the others", () => {
    const { bytes, failures } = buildSegment({
      ...SEGMENT,
      datasets: [
        { tenant: "acme", service: "broken", batches: [batch.slice(0, 40)] },
        { tenant: "acme", service: "shop", batches: [batch] },
      ],
    });
    expect(readBlockMeta(bytes).datasets.map(({ service }) => service)).toEqual(["shop"]);
    expect(failures).toEqual([{ dataset: 0, message: expect.stringContaining("profile columns") }]);
  });
});
