import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { type TimeSeries, TimeSeriesSchema } from "@hearth/proto/hearth/query/v1";

import { mergeTimeSeries, type TimeSeriesOptions } from "./time-series.ts";

const options: TimeSeriesOptions = {
  originMs: 1000,
  stepMs: 10,
  aggregation: "sum",
  limit: 0,
  groupBy: ["a"],
};

function labelled(a: string | undefined) {
  return a === undefined ? [] : [{ name: "a", value: a }];
}

/** `"3:5/2"`: bucket, sum, number of profiles. */
function series(a: string | undefined, ...buckets: readonly string[]): TimeSeries {
  const parts = buckets.map((text) => text.split(/[:/]/u).map(Number));
  return create(TimeSeriesSchema, {
    labels: labelled(a),
    bucket: parts.map(([bucket = 0]) => BigInt(bucket)),
    sum: parts.map(([, sum = 0]) => sum),
    count: parts.map(([, , count = 1]) => BigInt(count)),
  });
}

function summary(parts: readonly TimeSeries[], overrides: Partial<TimeSeriesOptions> = {}): string[] {
  return mergeTimeSeries(parts, { ...options, ...overrides }).map(({ labels, points }) => {
    const values = points.map(({ timestampMs, value }) => `${timestampMs}:${value}`);
    return [labels[0]?.value ?? "-", ...values].join(" ");
  });
}

describe("mergeTimeSeries", () => {
  it.each([
    { name: "nothing", parts: [], options: {}, want: [] },
    {
      name: "a point stands at the end of its bucket",
      parts: [series("x", "0:1", "3:5")],
      options: {},
      want: ["x 1000:1 1030:5"],
    },
    {
      name: "equal labels are one series, equal buckets one point, in the order of time",
      parts: [series("x", "3:5", "4:1"), series("x", "1:2", "3:7")],
      options: {},
      want: ["x 1010:2 1030:12 1040:1"],
    },
    {
      name: "the largest series comes first, equal ones by their labels",
      parts: [series("x", "1:2"), series("z", "1:4"), series("y", "1:2"), series(undefined, "1:2")],
      options: {},
      want: ["z 1010:4", "- 1010:2", "x 1010:2", "y 1010:2"],
    },
    {
      name: "the limit counts after that",
      parts: [series("x", "1:2"), series("y", "1:1"), series("y", "1:2")],
      options: { limit: 1 },
      want: ["y 1010:3"],
    },
    {
      name: "an average is of the profiles, not of the parts",
      parts: [series("x", "1:6/3"), series("x", "1:10/1", "2:8/2")],
      options: { aggregation: "average" as const },
      want: ["x 1010:4 1020:4"],
    },
  ])("$name", ({ parts, options, want }) => {
    expect(summary(parts, options)).toEqual(want);
  });

  it("shows an annotation once for each point", () => {
    const part = create(TimeSeriesSchema, {
      bucket: [1n],
      sum: [1],
      count: [1n],
      annotations: [{ bucket: 1n, key: "throttled", value: "{}" }],
    });
    const [merged] = mergeTimeSeries([part, part], options);
    expect(merged?.points[0]?.annotations).toEqual([{ key: "throttled", value: "{}" }]);
  });

  describe("exemplars", () => {
    const withExemplar = (id: number, value: number, labels: Readonly<Record<string, string>>): TimeSeries =>
      create(TimeSeriesSchema, {
        bucket: [1n],
        sum: [value],
        count: [1n],
        exemplars: [
          {
            bucket: 1n,
            timeMs: 1005n,
            profileId: new Uint8Array(16).fill(id),
            value,
            labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
          },
        ],
      });
    const exemplarsOf = (...parts: readonly TimeSeries[]) =>
      mergeTimeSeries(parts, options).flatMap(({ points }) => points.flatMap(({ exemplars }) => exemplars));

    it("keeps the highest of a point, without the labels of the grouping", () => {
      const [exemplar, ...others] = exemplarsOf(
        withExemplar(1, 5, { a: "x", b: "1" }),
        withExemplar(2, 7, { a: "x", b: "2" }),
      );
      expect(exemplar).toMatchObject({ timeMs: 1005, value: 7, labels: [{ name: "b", value: "2" }] });
      expect(others).toEqual([]);
    });

    it("gives a profile that several backends report the labels that all of them report", () => {
      const [exemplar] = exemplarsOf(
        withExemplar(1, 5, { b: "1", c: "1" }),
        withExemplar(1, 7, { b: "1", c: "2" }),
      );
      expect(exemplar).toMatchObject({ value: 7, labels: [{ name: "b", value: "1" }] });
    });

    it("does not depend on the order of the reports", () => {
      const parts = [withExemplar(2, 5, {}), withExemplar(1, 5, {}), withExemplar(3, 4, {})];
      expect(exemplarsOf(...parts)).toEqual(exemplarsOf(...parts.toReversed()));
    });
  });
});
