import { describe, expect, it } from "@jest/globals";
import type { DataDeletion } from "@hearth/deletions";
import type { RowSketch } from "@hearth/testing";
import fc from "fast-check";
import { merge, type PlacedRow, rowsOf, rowText, segmentOf } from "../../test/support/merge-fixture.ts";
import { readDataset } from "../../test/support/read-dataset.ts";
import { readBlockMeta } from "../index.ts";

const START_MS = 1_700_000_000_000;

const anyRow: fc.Arbitrary<RowSketch> = fc.record({
  labels: fc
    .record({ pod: fc.constantFrom("a", "ab", "b"), __profile_type__: fc.constantFrom("cpu", "wall") })
    .map((labels) => ({ ...labels, service_name: "shop" })),
  timeMs: fc.integer({ min: START_MS, max: START_MS + 9 }),
  timeRestNanos: fc.nat(2),
  id: fc.nat(3),
  samples: fc.uniqueArray(
    fc.tuple(fc.constantFrom("main", "main;work", "main;lost"), fc.bigInt({ min: 1n, max: 9n })),
    { selector: ([stack]) => stack, minLength: 1 },
  ),
});
const anyPlacedRow: fc.Arbitrary<PlacedRow> = fc.record({
  tenant: fc.constantFrom("acme", "other"),
  service: fc.constantFrom("shop", "till"),
  row: anyRow,
});
const identityOf = ({ tenant, service, row }: PlacedRow): string =>
  JSON.stringify([tenant, service, row.labels, row.timeMs, row.timeRestNanos, row.id]);
const anyRows = fc.uniqueArray(anyPlacedRow, { selector: identityOf, minLength: 1, maxLength: 16 });

const anyDeletion: fc.Arbitrary<DataDeletion> = fc.record({
  number: fc.integer({ min: 1, max: 9 }),
  tenant: fc.constantFrom("acme", "other", "nobody"),
  matchers: fc.constantFrom<DataDeletion["matchers"]>(
    [],
    [{ name: "pod", operator: "=", value: "a" }],
    [{ name: "pod", operator: "=~", value: "a.*" }],
    [
      { name: "pod", operator: "!=", value: "a" },
      { name: "__profile_type__", operator: "!~", value: "w.*" },
    ],
    [{ name: "absent", operator: "=", value: "" }],
  ),
  startMs: fc.integer({ min: START_MS - 1, max: START_MS + 10 }),
  endMs: fc.integer({ min: START_MS - 1, max: START_MS + 11 }),
});

/** Whether a row goes, asked in the slowest way. */
function isDeleted({ tenant, row }: PlacedRow, deletions: readonly DataDeletion[]): boolean {
  return deletions.some(
    (deletion) =>
      deletion.tenant === tenant &&
      row.timeMs >= deletion.startMs &&
      row.timeMs < deletion.endMs &&
      deletion.matchers.every(({ name, operator, value }) => {
        const have = (row.labels as Record<string, string>)[name] ?? "";
        const isMatch = operator.endsWith("~")
          ? new RegExp(`^(?:${value})$`, "u").test(have)
          : have === value;
        return operator.startsWith("!") ? !isMatch : isMatch;
      }),
  );
}

const ROW: RowSketch = {
  labels: { service_name: "shop", pod: "a" },
  timeMs: START_MS,
  id: 1,
  samples: [["main", 1n]],
};
const rowOf = (pod: string, id = 1, tenant = "acme"): PlacedRow => ({
  tenant,
  service: "shop",
  row: { ...ROW, labels: { service_name: "shop", pod }, id, samples: [[`main;${pod}`, 1n]] },
});
const ofPod = (pod: string, number = 7): DataDeletion => ({
  number,
  tenant: "acme",
  matchers: [{ name: "pod", operator: "=", value: pod }],
  startMs: 0,
  endMs: 2 ** 50,
});
const apply = (...list: DataDeletion[]) => ({ list, upTo: 9, isRewrite: false });

describe("a merge with deletions", () => {
  it("keeps what filtering the rows keeps, and counts the others", async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.array(anyDeletion, { maxLength: 4 }), async (rows, list) => {
        // Every row is there twice.
        const segments = [segmentOf(rows, 0), segmentOf(rows, 1)];
        const merged = await merge(segments, apply(...list));
        const kept = rows.filter((row) => !isDeleted(row, list));
        expect(await rowsOf(merged.blocks)).toEqual(kept.map(rowText).sort());
        expect(merged.repeatedRows).toBe(kept.length);
        for (const tenant of ["acme", "other"]) {
          const gone = rows.filter((row) => row.tenant === tenant && isDeleted(row, list)).length;
          expect(merged.deletedRows.get(tenant) ?? 0).toBe(2 * gone);
        }
        const tenants = [...new Set(kept.map(({ tenant }) => tenant))].sort();
        expect(merged.blocks.map(({ meta }) => meta.tenant)).toEqual(tenants);
        for (const { meta, bytes } of merged.blocks) {
          expect(meta.origin).toMatchObject({ outputCount: tenants.length, deletionsApplied: 9 });
          expect(readBlockMeta(bytes)).toEqual(meta);
        }
      }),
    );
  });

  it("leaves nothing of deleted rows behind: no series, label or function name", async () => {
    const merged = await merge([segmentOf([rowOf("kept"), rowOf("lost", 2)], 0)], apply(ofPod("lost")));
    const [{ meta, bytes }] = merged.blocks as [(typeof merged.blocks)[0]];
    const columns = await readDataset(bytes, meta.datasets[0]!);
    expect(columns.series.map(({ labels }) => labels.find(({ name }) => name === "pod")?.value)).toEqual([
      "kept",
    ]);
    const clean = await merge([segmentOf([rowOf("kept")], 0)], apply(ofPod("lost")));
    expect(bytes).toEqual(clean.blocks[0]!.bytes);
  });

  it("makes no block of a tenant without rows, and says so in the others", async () => {
    const merged = await merge(
      [segmentOf([rowOf("a"), rowOf("b", 1, "other")], 0)],
      apply({ ...ofPod("a"), matchers: [] }),
    );
    expect(merged.blocks.map(({ meta }) => [meta.tenant, meta.origin?.outputCount])).toEqual([["other", 1]]);
  });

  it("may leave nothing at all", async () => {
    const merged = await merge([segmentOf([rowOf("a")], 0)], apply(ofPod("a")));
    expect(merged).toMatchObject({ blocks: [], rowsIn: 1, rowsOut: 0, deletedRows: new Map([["acme", 1]]) });
  });

  it("gives other ids when other deletions are applied, since an output says which", async () => {
    const segments = [segmentOf([rowOf("a")], 0)];
    const ids = await Promise.all(
      [{ upTo: 0 }, { upTo: 8 }, { upTo: 9 }].map(async ({ upTo }) => {
        const { blocks } = await merge(segments, { list: [], upTo, isRewrite: false });
        return blocks[0]!.meta.id;
      }),
    );
    expect(new Set(ids).size).toBe(3);
    expect(ids[0]).toBe((await merge(segments)).blocks[0]!.meta.id);
  });
});

describe("a block that is written anew", () => {
  it("stays on its level, and lacks what was deleted", async () => {
    const first = await merge([segmentOf([rowOf("a"), rowOf("b")], 0)]);
    const [source] = first.blocks;
    const again = await merge([source!], { ...apply(ofPod("b")), isRewrite: true });
    const [{ meta }] = again.blocks as [(typeof again.blocks)[0]];
    expect(meta).toMatchObject({ level: 1, origin: { sources: [source!.meta.id], isRewrite: true } });
    expect(await rowsOf(again.blocks)).toEqual([rowText(rowOf("a"))]);
  });

  it("is one block, and no segment", async () => {
    const segments = [segmentOf([rowOf("a")], 0), segmentOf([rowOf("b")], 1)];
    const rewrite = { ...apply(), isRewrite: true };
    await expect(merge(segments, rewrite)).rejects.toThrow("blocks=2 level=0");
    await expect(merge(segments.slice(1), rewrite)).rejects.toThrow("blocks=1 level=0");
  });
});
