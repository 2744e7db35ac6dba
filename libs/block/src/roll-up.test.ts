import { heap } from "@hearth/arena";
import { InvariantError } from "@hearth/errors";
import { exactColumnFromBigInts, exactToBigInt } from "@hearth/exact-integers";
import { describe, expect, it } from "@jest/globals";
import { type ProfileColumns, ProfileMerger } from "@hearth/profile";
import { buildProfileColumns, type RowSketch, stackOf } from "@hearth/testing";
import fc from "fast-check";
import type { ProfileEnds } from "./profile-ends.ts";
import { type Rollup, rollUp } from "./roll-up.ts";
import { type DatasetRollups, decodeRollups, encodeRollups } from "./sections/rollup-section.ts";

const TYPES = ["cpu", "wall", ""];
const START = 1_700_000_000_000;

const anyRow: fc.Arbitrary<RowSketch> = fc.record({
  labels: fc
    .record({ pod: fc.constantFrom("a", "b"), type: fc.constantFrom(...TYPES) })
    .map(({ pod, type }) => ({ ...(type === "" ? {} : { __profile_type__: type }), pod })),
  timeMs: fc.integer({ min: START, max: START + 9 }),
  id: fc.nat(255),
  samples: fc.array(
    fc.tuple(
      fc.constantFrom("main", "main;work", "main;work+inlined", "idle", ""),
      fc.oneof(
        fc.bigInt({ min: 1n, max: 2n ** 62n }),
        fc.constantFrom(10_000_000n, 2n ** 52n, 2n ** 53n + 1n),
      ),
      fc.nat(3),
    ),
    { maxLength: 6 },
  ),
});

function merged(rows: readonly RowSketch[]): ProfileColumns {
  const merger = new ProfileMerger();
  merger.add(buildProfileColumns(rows));
  return merger.build();
}

/** By type and stack trace, the slow way: what is written down of all rows that are kept. */
function slowSums({ series, rows, samples }: ProfileColumns): Map<string, Map<number, bigint>> {
  const types = new Map<string, Map<number, bigint>>();
  for (let row = 0; row < rows.count; row++) {
    const { labels } = series[rows.series[row]!]!;
    const type = labels.find(({ name }) => name === "__profile_type__")?.value ?? "";
    const sums = types.get(type) ?? new Map<number, bigint>();
    types.set(type, sums);
    for (let at = rows.firstSample[row]!; at < rows.firstSample[row + 1]!; at++) {
      const stack = samples.stacktrace[at]!;
      sums.set(stack, BigInt.asIntN(64, (sums.get(stack) ?? 0n) + exactToBigInt(samples.value, at)));
    }
  }
  return types;
}

function sampleCounts({ series, rows }: ProfileColumns): Map<string, { rows: number; samples: number }> {
  const counts = new Map<string, { rows: number; samples: number }>();
  for (let row = 0; row < rows.count; row++) {
    const { labels } = series[rows.series[row]!]!;
    const type = labels.find(({ name }) => name === "__profile_type__")?.value ?? "";
    const count = counts.get(type) ?? { rows: 0, samples: 0 };
    const samples = count.samples + rows.firstSample[row + 1]! - rows.firstSample[row]!;
    counts.set(type, { rows: count.rows + 1, samples });
  }
  return counts;
}

const ENDS: ProfileEnds = {
  head: { startMs: START, endMs: START + 5, marks: Uint32Array.of(0, 1, 2 ** 31, 2 ** 32 - 1) },
  tail: { startMs: START + 9, endMs: START + 10, marks: Uint32Array.of(7) },
};

const sectionOf = (types: readonly Rollup[]): Uint8Array => encodeRollups({ types, ends: ENDS }).slice();

describe("rollUp", () => {
  it("sums each type exactly, and is read as it was written, type by type", () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 12 }), (rows) => {
        const columns = merged(rows);
        const bytes = sectionOf(rollUp(columns, heap));
        const slow = slowSums(columns);
        const counts = sampleCounts(columns);
        for (const type of TYPES) {
          const sums = slow.get(type) ?? new Map<number, bigint>();
          const { samples, rows: rowCount } = counts.get(type) ?? { samples: 0, rows: 0 };
          const isWorthIt = rowCount > 0 && sums.size * 2 <= samples;
          const read = decodeRollups(bytes, [type])?.types[0];
          const entries =
            read && Array.from(read.stacktrace, (stack, i) => [stack, exactToBigInt(read.value, i)]);
          const ascending = [...sums].sort(([a], [b]) => a - b);
          expect({ rowCount: read?.rowCount, entries }).toEqual(
            isWorthIt ? { rowCount, entries: ascending } : { rowCount: undefined, entries: undefined },
          );
        }
      }),
    );
  });

  const row = (type: string, id: number, samples: RowSketch["samples"]): RowSketch => ({
    labels: { __profile_type__: type },
    timeMs: START,
    id,
    samples,
  });

  it("numbers stack traces as the symbols do", () => {
    const columns = merged(
      [1, 2].map((id) =>
        row("cpu", id, [
          ["main;work", 5n],
          ["main", 1n],
        ]),
      ),
    );
    const [rollup] = rollUp(columns, heap);
    expect(
      Array.from(rollup!.stacktrace, (stack, i) => [stackOf(columns.symbols, stack), rollup!.value.low[i]]),
    ).toEqual(
      expect.arrayContaining([
        ["main;work", 10],
        ["main", 2],
      ]),
    );
  });

  it.each([
    { name: "two samples a sum", samples: [1n, 2n], want: ["cpu"] },
    { name: "fewer samples", samples: [1n], want: [] },
  ])("a type is there with $name, and not with fewer", ({ samples, want }) => {
    const rows = samples.map((value, id) => row("cpu", id, [["main", value]]));
    expect(rollUp(merged(rows), heap).map(({ profileType }) => profileType)).toEqual(want);
  });

  it("refuses samples that do not sum to the totals of their rows", () => {
    const columns = merged([1, 2].map((id) => row("cpu", id, [["main", 2n ** 60n]])));
    const total = exactColumnFromBigInts([2n ** 60n, 2n ** 60n + 1n]);
    expect(() => rollUp({ ...columns, rows: { ...columns.rows, total } }, heap)).toThrow(InvariantError);
  });
});

describe("decodeRollups", () => {
  const rollup = (profileType: string, values: readonly bigint[]): Rollup => ({
    profileType,
    rowCount: 3,
    stacktrace: Uint32Array.from(values, (_, i) => i * 300),
    value: exactColumnFromBigInts(values),
  });
  const section = sectionOf([rollup("cpu", [5n, 7n, 300n]), rollup("wall", [2n ** 60n, 1n])]);

  it("finds all types that are asked for, or nothing", () => {
    expect(decodeRollups(section, ["wall", "cpu"])?.types.map(({ profileType }) => profileType)).toEqual([
      "wall",
      "cpu",
    ]);
    expect(decodeRollups(section, ["cpu", "heap"])).toBeUndefined();
  });

  it("gives back the profiles at the ends", () => {
    expect(decodeRollups(section, [])?.ends).toEqual(ENDS);
  });

  it("leaves what it is not asked for as it is", () => {
    const damaged = section.slice();
    damaged[damaged.length - 1]! ^= 1; // of "wall"
    expect(decodeRollups(damaged, ["cpu"])?.types).toHaveLength(1);
    expect(() => decodeRollups(damaged, ["wall"])).toThrow(/sums do not add up/);
  });

  it("never takes damage for sums of another total", () => {
    const whole = decodeRollups(section, ["cpu", "wall"])!;
    const total = ({ types }: DatasetRollups): bigint[] =>
      types.map(({ value }) => value.low.reduce((sum, _, i) => sum + exactToBigInt(value, i), 0n));
    for (let at = 0; at < section.length; at++) {
      for (const bit of [1, 16, 128]) {
        const damaged = section.slice();
        damaged[at]! ^= bit;
        expect([total(whole), undefined, "DataLossError"]).toContainEqual(outcomeOf(damaged, total));
      }
    }
  });

  it.each([1, 2, 10])("refuses a section that ends %i bytes early", (missing) => {
    expect(() => decodeRollups(section.subarray(0, -missing), ["cpu"])).toThrow(/section=rollup/);
  });

  it("refuses bytes that are left over", () => {
    expect(() => decodeRollups(Uint8Array.of(...section, 0), ["cpu"])).toThrow(/section=rollup/);
  });

  /** What reading leads to: totals, nothing for want of a type, or the name of an error. */
  function outcomeOf(bytes: Uint8Array, total: (read: DatasetRollups) => bigint[]): unknown {
    try {
      const read = decodeRollups(bytes, ["cpu", "wall"]);
      return read && total(read);
    } catch (error) {
      return (error as Error).name;
    }
  }
});
