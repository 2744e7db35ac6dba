import { exactColumnFromBigInts, exactToBigInt } from "@hearth/exact-integers";
import { RowBuilder, type ProfileColumns, type ProfileHead, type SampleGroup } from "@hearth/profile";
import type { Symbols } from "@hearth/symbols";
import { describe, expect, it } from "@jest/globals";

const symbols = {} as Symbols; // rows refer to symbols by number only
const head: ProfileHead = {
  sampleTypes: [
    { type: "objects", unit: "count" },
    { type: "space", unit: "bytes" },
  ],
  periodType: { type: "space", unit: "bytes" },
  period: 524_288,
  timeNanos: 1_795_405_220_123_456_789n,
  durationNanos: 15e9,
  profileId: Uint8Array.from({ length: 16 }, (_, i) => i),
};

function group(
  pod: string,
  samples: readonly (readonly [number, bigint, bigint])[],
  spans?: Uint8Array,
): SampleGroup {
  return {
    labels: [
      { name: "__name__", value: "memory" },
      { name: "pod", value: pod },
      { name: "service_name", value: "shop" },
    ],
    count: samples.length,
    stacktrace: Uint32Array.from(samples, ([stacktrace]) => stacktrace),
    values: [
      exactColumnFromBigInts(samples.map(([, count]) => count)),
      exactColumnFromBigInts(samples.map(([, , space]) => space)),
    ],
    spanId: spans,
    traceId: undefined,
  };
}

function build(groups: readonly SampleGroup[]): ProfileColumns {
  const builder = new RowBuilder({ renameWallCpu: true });
  for (const each of groups) builder.add(head, each);
  return builder.build(symbols);
}

/** `pod type total [stack:value …]` of each row. */
function rowsOf({ series, rows, samples }: ProfileColumns): string[] {
  return Array.from({ length: rows.count }, (_, row) => {
    const { labels } = series[rows.series[row]!]!;
    const valueOf = (name: string): string => labels.find((label) => label.name === name)?.value ?? "";
    const own = Array.from({ length: rows.firstSample[row + 1]! - rows.firstSample[row]! }, (_, i) => {
      const at = rows.firstSample[row]! + i;
      return `${samples.stacktrace[at]}:${exactToBigInt(samples.value, at)}`;
    });
    return `${valueOf("pod")} ${valueOf("__type__")} ${exactToBigInt(rows.total, row)} [${own.join(" ")}]`;
  });
}

describe("RowBuilder", () => {
  it("makes a row of each sample type of each label set, without zeros", () => {
    const columns = build([
      group("a", [
        [1, 2n, 300n],
        [2, 0n, 70n],
        [3, 4n, 0n],
      ]),
      group("b", [[1, 5n, 6n]]),
    ]);
    expect(rowsOf(columns)).toEqual([
      "a objects 6 [1:2 3:4]",
      "a space 370 [1:300 2:70]",
      "b objects 5 [1:5]",
      "b space 6 [1:6]",
    ]);
  });

  it("makes no row of a type that has only zeros", () => {
    expect(rowsOf(build([group("a", [[1, 0n, 1n]]), group("b", [[1, 0n, 0n]])]))).toEqual([
      "a space 1 [1:1]",
    ]);
  });

  it("keeps values and totals beyond 2^53", () => {
    const columns = build([
      group("a", [
        [1, 1n, 2n ** 62n],
        [2, 1n, 2n ** 53n + 1n],
        [3, 0n, 2n ** 52n],
      ]),
    ]);
    expect(rowsOf(columns)[1]).toBe(
      `a space ${2n ** 62n + 2n ** 53n + 1n + 2n ** 52n} [1:${2n ** 62n} 2:${2n ** 53n + 1n} 3:${2n ** 52n}]`,
    );
  });

  it("puts time, period, duration and id on each row", () => {
    const { rows } = build([group("a", [[1, 1n, 1n]])]);
    expect([...rows.timeMs]).toEqual([1_795_405_220_123, 1_795_405_220_123]);
    expect([...rows.timeRestNanos]).toEqual([456_789, 456_789]);
    expect([...rows.period]).toEqual([524_288, 524_288]);
    expect([...rows.durationNanos]).toEqual([15e9, 15e9]);
    expect([...rows.profileId]).toEqual([...head.profileId, ...head.profileId]);
  });

  it("takes equal label sets for one series", () => {
    const { series, rows } = build([group("a", [[1, 1n, 0n]]), group("a", [[1, 2n, 0n]])]);
    expect(series).toHaveLength(1);
    expect([...rows.series]).toEqual([0, 0]);
  });

  it("keeps spans beside their samples, and none for groups without", () => {
    const spans = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
    const columns = build([
      group("a", [[1, 1n, 0n]]),
      group(
        "b",
        [
          [1, 0n, 1n],
          [2, 1n, 0n],
        ],
        spans,
      ),
    ]);
    expect(Buffer.from(columns.samples.spanId!).toString("hex")).toBe(
      "0000000000000000090a0b0c0d0e0f100102030405060708",
    );
    expect(columns.samples.traceId).toBeUndefined();
  });
});
