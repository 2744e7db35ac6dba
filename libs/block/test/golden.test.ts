import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { exactToBigInt } from "@hearth/exact-integers";
import { type RowSketch, sketchRows, stackOf } from "@hearth/testing";
import { decodeRollups, fetchSections, readBlockMeta } from "../src/index.ts";
import {
  fiveMinuteRows,
  gatheredRows,
  goldenRows,
  oneHourRows,
  rolledUpRows,
  sharedRows,
} from "./support/golden-rows.ts";
import { readDataset } from "./support/read-dataset.ts";

const folder = join(import.meta.dirname, "golden");

const golden = [
  {
    file: "segment-v1.bin",
    level: 0,
    tenants: ["acme", "other-tenant"],
    rows: goldenRows,
    origin: undefined,
  },
  {
    file: "merged-v1.bin",
    level: 1,
    tenants: ["acme"],
    rows: goldenRows,
    origin: { sources: ["01J2VJ999DDC160REPAD2VN88X", "01J2VJQPYDC160REPAD2VN88XN"], outputCount: 2 },
  },
  {
    file: "rolled-up-v1.bin",
    level: 2,
    tenants: ["acme"],
    rows: rolledUpRows,
    origin: { sources: ["01J2VJ001DG3YCFGE2BX4S2VE7", "01J2VJ002DMDG9RJZ26NG5A937"], outputCount: 1 },
  },
  // Values of samples are split into bytes.
  {
    file: "split-values-v1.bin",
    level: 1,
    tenants: ["acme"],
    rows: goldenRows,
    origin: { sources: ["01J2VJQPYDC160REPAD2VN88XN"], outputCount: 2 },
  },
  // From here on rows have stack traces and values of other rows.
  { file: "segment-v2.bin", level: 0, tenants: ["acme"], rows: sharedRows, origin: undefined },
  {
    file: "merged-v2.bin",
    level: 1,
    tenants: ["acme"],
    rows: sharedRows,
    origin: { sources: ["01J2VJ002DC160REPAD2VN88XN", "01J2VJ003DC160REPAD2VN88XN"], outputCount: 1 },
  },
  {
    file: "rolled-up-v2.bin",
    level: 2,
    tenants: ["acme"],
    rows: sharedRows,
    origin: { sources: ["01J2VJ001DG169R49V2DS59Q9B", "01J2VJ003D3M7BNZE6T1Y0EDYQ"], outputCount: 1 },
  },
  // Of tiers: `tierSources`, and their sums.
  {
    file: "gathered-v2.bin",
    level: 4,
    tenants: ["acme"],
    rows: gatheredRows,
    origin: { sources: ["01J2VJ002DXE31262PZH8FNBZS"], outputCount: 1 },
  },
  {
    file: "summed-5m-v2.bin",
    level: 5,
    tenants: ["acme"],
    rows: fiveMinuteRows,
    origin: { sources: ["01J2VJ002DXE31262PZH8FNBZS"], outputCount: 1 },
  },
  {
    file: "summed-1h-v2.bin",
    level: 6,
    tenants: ["acme"],
    rows: oneHourRows,
    origin: { sources: ["01J2VJ002D17BYSR8CPZY3YQ7B"], outputCount: 1 },
  },
];

/** Blocks as each version wrote them. They are never written anew: what is stored stays readable for ever. */
describe("a block that was stored", () => {
  it.each(golden)("is read as it was: $file", async ({ file, level, tenants, rows: expected, origin }) => {
    const object = new Uint8Array(readFileSync(join(folder, file)));
    const meta = readBlockMeta(object);
    const formatVersion = Number(/-v(\d+)\./.exec(file)![1]);
    const about = { formatVersion: meta.formatVersion, level: meta.level, origin: meta.origin };
    expect(about).toEqual({ formatVersion, level, origin });
    const read = await Promise.all(meta.datasets.map((dataset) => readDataset(object, dataset)));
    const rows = Object.fromEntries(
      read.map((columns, i) => [meta.datasets[i]!.tenant, sketchRows(columns)]),
    );
    expect(rows).toEqual(Object.fromEntries(tenants.map((tenant) => [tenant, expected[tenant]])));
  });

  it("has the sums of its rows: rolled-up-v1.bin", async () => {
    const object = new Uint8Array(readFileSync(join(folder, "rolled-up-v1.bin")));
    const [dataset] = readBlockMeta(object).datasets;
    const reader = {
      read: (offset: number, length: number) => Promise.resolve(object.subarray(offset, offset + length)),
    };
    const signal = new AbortController().signal;
    const sections = await fetchSections(dataset!, ["rollup"], { reader, block: "b" }, signal);
    const { symbols } = await readDataset(object, dataset!);
    const { types, ends } = decodeRollups(sections.get("rollup")!, TYPES)!;
    const read = types.map(({ rowCount, stacktrace, value }) => {
      const samples = Array.from(stacktrace, (stack, i): [string, bigint] => [
        stackOf(symbols, stack),
        exactToBigInt(value, i),
      ]);
      return { rowCount, sums: sumByStack(samples) };
    });
    expect(read).toEqual(TYPES.map((type) => sumsOf(type)));
    // The last byte of a profile id, where all others are 0, is the uppermost of its mark.
    const marks = Uint32Array.from([1, 2, 11, 12, 21, 22], (id) => id * 2 ** 24);
    const times = rolledUpRows["acme"]!.map(({ timeMs }) => timeMs);
    const range = { startMs: Math.min(...times), endMs: Math.max(...times) + 1 };
    expect(ends.head).toEqual({ ...range, marks });
    expect(ends.tail).toEqual({ startMs: range.endMs, endMs: range.endMs, marks: new Uint32Array(0) });
  });

  it("is in the list above", () => {
    expect(golden.map(({ file }) => file).sort()).toEqual(readdirSync(folder).sort());
  });
});

const TYPES = ["process_cpu:cpu:nanoseconds:cpu:nanoseconds", "process_cpu:samples:count:cpu:nanoseconds"];

function sumsOf(type: string): { rowCount: number; sums: Record<string, bigint> } {
  const rows: readonly RowSketch[] = rolledUpRows["acme"]!.filter(
    ({ labels }) => labels["__profile_type__"] === type,
  );
  return { rowCount: rows.length, sums: sumByStack(rows.flatMap(({ samples }) => samples)) };
}

/** Stack traces that differ in addresses alone are one text. */
function sumByStack(samples: readonly (readonly [string, bigint, ...unknown[]])[]): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  for (const [stack, value] of samples) sums[stack] = BigInt.asIntN(64, (sums[stack] ?? 0n) + value);
  return sums;
}
