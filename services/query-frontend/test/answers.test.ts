import { Code, UnavailableError } from "@hearth/errors";
import { MatchType } from "@hearth/proto/hearth/metastore/v1";
import { HeatmapQueryType, ProfileFormat } from "@hearth/proto/querier/v1";
import { ExemplarType, TimeSeriesAggregationType } from "@hearth/proto/types/v1";
import { beforeEach, describe, expect, it } from "@jest/globals";

import { encodedColumns, treeReport } from "./answers.ts";
import {
  blockMeta,
  END_MS,
  frontendOfTwoReads,
  querierClient,
  START_MS,
  type TestFrontend,
  testFrontend,
} from "./fakes.ts";

const times = { start: BigInt(START_MS), end: BigInt(END_MS) };
const type = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
const profiles = { ...times, profileTypeID: type, labelSelector: '{service_name="app"}' };
const serviceMatcher = { name: "service_name", value: "app", type: MatchType.EQUAL };
const typeMatcher = { name: "__profile_type__", value: type, type: MatchType.EQUAL };
const notStripped = { name: "__sampled__", value: "true", type: MatchType.NOT_EQUAL };

let test: TestFrontend;
let client: ReturnType<typeof querierClient>;

beforeEach(() => {
  test = testFrontend();
  client = querierClient(test);
});

function answerInTwoReads(...reports: Parameters<typeof frontendOfTwoReads>): void {
  test = frontendOfTwoReads(...reports);
  client = querierClient(test);
}

describe("SelectMergeStacktraces", () => {
  beforeEach(() =>
    answerInTwoReads(treeReport("main 3", "main;x 5"), treeReport("main;y 1", "main;z 1", "n;x 2")),
  );

  it("draws a flame graph of all backends", async () => {
    const { flamegraph } = await client.selectMergeStacktraces(profiles);
    expect(flamegraph).toMatchObject({
      names: ["total", "main", "n", "x", "y", "z"],
      total: 12n,
      maxSelf: 5n,
    });
    expect(test.metastore.queries).toMatchObject([{ matchers: [serviceMatcher, typeMatcher, notStripped] }]);
    expect(test.backend.query).toMatchObject({ case: "tree", value: { maxNodes: 8192n } });
  });

  it("cuts once, after adding up", async () => {
    const { flamegraph } = await client.selectMergeStacktraces({ ...profiles, maxNodes: 2n });
    expect(flamegraph?.names).toEqual(["total", "main", "other", "x"]);
    expect(flamegraph?.levels.map(({ values }) => values)).toEqual([
      [0n, 12n, 0n, 0n],
      [0n, 10n, 3n, 1n, 0n, 2n, 2n, 2n],
      [3n, 5n, 5n, 3n, 0n, 2n, 2n, 2n],
    ]);
  });

  it("encodes a tree", async () => {
    const { tree, flamegraph } = await client.selectMergeStacktraces({
      ...profiles,
      format: ProfileFormat.TREE,
    });
    expect(Buffer.from(tree).toString("latin1")).toContain("main");
    expect(flamegraph).toBeUndefined();
  });

  it("draws one bar for nothing", async () => {
    test.metastore.blocks = [[]];
    const { flamegraph } = await client.selectMergeStacktraces(profiles);
    expect(flamegraph).toMatchObject({ names: ["total"], levels: [{ values: [0n, 0n, 0n, 0n] }], total: 0n });
  });

  it("hands on what selects samples", async () => {
    await client.selectMergeStacktraces({
      ...profiles,
      spanSelector: ["00000000000000a1"],
      profileIdSelector: ["f27ab970-29c1-4aec-bba7-e80fd501597f"],
      stackTraceSelector: { callSite: [{ name: "main" }] },
    });
    expect(test.backend.query).toMatchObject({
      value: {
        selector: {
          spanIds: [Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0xa1)],
          profileIds: [expect.any(Uint8Array)],
          callSite: ["main"],
        },
      },
    });
  });

  it("merges a pprof profile", async () => {
    test.backend.answer = () => ({ case: "pprof", value: { columns: encodedColumns("main;x 5") } });
    const { pprof } = await client.selectMergeStacktraces({ ...profiles, format: ProfileFormat.PPROF });
    expect(pprof?.profile).toMatchObject({
      sample: [{ value: [10n] }],
      period: 1_000_000_000n,
      timeNanos: BigInt(END_MS) * 1_000_000n,
    });
  });
});

describe("SelectMergeStacktraces as DOT", () => {
  it("draws a graph of a profile with at least 512 functions", async () => {
    test.backend.answer = () => ({
      case: "pprof",
      value: { columns: encodedColumns("main;x 5", "main;y 1") },
    });
    const { dot } = await client.selectMergeStacktraces({
      ...profiles,
      format: ProfileFormat.DOT,
      maxNodes: 2n,
    });
    expect(dot).toContain("Showing top 2 nodes out of 3");
  });

  it("is empty without data", async () => {
    test.metastore.blocks = [[]];
    const { dot } = await client.selectMergeStacktraces({ ...profiles, format: ProfileFormat.DOT });
    expect(dot).toBe("");
  });
});

describe("SelectMergeSpanProfile", () => {
  it("draws the stacks of spans", async () => {
    test.backend.answer = () => treeReport("main 3");
    const { flamegraph } = await client.selectMergeSpanProfile({
      ...profiles,
      spanSelector: ["00000000000000a1"],
    });
    expect(flamegraph?.total).toBe(3n);
    expect(test.backend.query).toMatchObject({ value: { selector: { spanIds: [expect.any(Uint8Array)] } } });
  });

  it("encodes a tree", async () => {
    test.backend.answer = () => treeReport("main 3");
    const { tree } = await client.selectMergeSpanProfile({ ...profiles, format: ProfileFormat.TREE });
    expect(tree.length).toBeGreaterThan(0);
  });
});

describe("SelectMergeProfile", () => {
  it("answers the profile itself", async () => {
    test.backend.answer = () => ({ case: "pprof", value: { columns: encodedColumns("main;x 5", "main 1") } });
    const profile = await client.selectMergeProfile(profiles);
    expect(profile.sample.map(({ value }) => value)).toEqual([[1n], [5n]]);
    expect(profile.stringTable).toEqual(expect.arrayContaining(["cpu", "nanoseconds", "main", "x"]));
  });

  it("ignores the call site where stacks are cut for the Go compiler", async () => {
    test.backend.answer = () => ({
      case: "pprof",
      value: { columns: encodedColumns("main;x 5", "init;x 1") },
    });
    const stackTraceSelector = { callSite: [{ name: "main" }], goPgo: { keepLocations: 1 } };
    const profile = await client.selectMergeProfile({ ...profiles, stackTraceSelector });
    expect(profile.sample).toMatchObject([{ locationId: [1n], value: [6n] }]);
    expect(test.backend.query).toMatchObject({ value: { selector: { callSite: [] } } });
  });

  it("is empty without data", async () => {
    test.metastore.blocks = [[]];
    expect((await client.selectMergeProfile(profiles)).stringTable).toEqual([]);
  });
});

describe("SelectSeries", () => {
  const request = { ...profiles, step: 15, groupBy: ["pod"] };
  const part = (pod: string, bucket: bigint, sum: number, count = 1n) => ({
    labels: [{ name: "pod", value: pod }],
    bucket: [bucket],
    sum: [sum],
    count: [count],
  });
  const seriesReport = (...series: readonly ReturnType<typeof part>[]) => ({
    case: "timeSeries" as const,
    value: { series: [...series] },
  });

  it("adds up points, which stand at the end of the step they cover", async () => {
    answerInTwoReads(seriesReport(part("a", 0n, 5)), seriesReport(part("a", 0n, 2), part("b", 40n, 1)));
    const { series } = await client.selectSeries(request);
    expect(series).toMatchObject([
      { labels: [{ name: "pod", value: "a" }], points: [{ value: 7, timestamp: times.start }] },
      { labels: [{ name: "pod", value: "b" }], points: [{ value: 1, timestamp: times.end }] },
    ]);
  });

  it("reads from a step before the range", async () => {
    await client.selectSeries(request);
    expect(test.metastore.queries).toMatchObject([
      {
        startTimeMs: times.start - 15_000n,
        endTimeMs: times.end,
        matchers: [serviceMatcher, typeMatcher, notStripped],
      },
    ]);
    expect(test.backend.query).toMatchObject({
      case: "timeSeries",
      value: { originMs: times.start, stepMs: 15_000n, groupBy: ["pod"], callSite: [], exemplars: false },
    });
  });

  it("averages over profiles when asked to", async () => {
    test.backend.answer = () => seriesReport(part("a", 1n, 6, 3n));
    const aggregation = TimeSeriesAggregationType.AVERAGE;
    const { series } = await client.selectSeries({ ...request, aggregation });
    expect(series[0]?.points[0]?.value).toBe(2);
  });

  it("keeps the largest series up to the limit", async () => {
    test.backend.answer = () => seriesReport(part("a", 1n, 1), part("b", 1n, 2));
    const { series } = await client.selectSeries({ ...request, limit: 1n });
    expect(series.map(({ labels }) => labels[0]?.value)).toEqual(["b"]);
  });

  it("hands on the call site", async () => {
    await client.selectSeries({ ...request, stackTraceSelector: { callSite: [{ name: "main" }] } });
    expect(test.backend.query).toMatchObject({ value: { callSite: ["main"] } });
  });

  it("answers exemplars with the id of their profile", async () => {
    const exemplar = {
      bucket: 1n,
      timeMs: times.start + 7n,
      profileId: Uint8Array.from(Buffer.from("f27ab97029c14aecbba7e80fd501597f", "hex")),
      value: 5,
      labels: [
        { name: "pod", value: "a" },
        { name: "zone", value: "z" },
      ],
    };
    test.backend.answer = () => ({
      case: "timeSeries",
      value: { series: [{ ...part("a", 1n, 5), exemplars: [exemplar] }] },
    });
    const { series } = await client.selectSeries({ ...request, exemplarType: ExemplarType.INDIVIDUAL });
    expect(series[0]?.points[0]?.exemplars).toMatchObject([
      {
        timestamp: times.start + 7n,
        profileId: "f27ab970-29c1-4aec-bba7-e80fd501597f",
        value: 5n,
        labels: [{ name: "zone", value: "z" }],
        spanId: "",
      },
    ]);
    expect(test.backend.query).toMatchObject({ value: { exemplars: true } });
  });

  it("counts stripped profiles where the tenant says so", async () => {
    test = testFrontend({ includeStrippedProfiles: true });
    await querierClient(test).selectSeries(request);
    expect(test.metastore.queries).toMatchObject([{ matchers: [serviceMatcher, typeMatcher] }]);
  });
});

describe("SelectHeatmap", () => {
  it("is empty where nothing matches", async () => {
    test.metastore.blocks = [[]];
    const queryType = HeatmapQueryType.INDIVIDUAL;
    expect((await client.selectHeatmap({ ...profiles, step: 15, queryType })).series).toEqual([]);
  });
});

describe("Diff", () => {
  it("draws both sides over each other, each with its own selector", async () => {
    test.backend.answer = ({ matchers = [] }) =>
      matchers[0]?.value === "1" ? treeReport("main 3", "main;x 5") : treeReport("main;y 4");
    const { flamegraph } = await client.diff({
      left: { ...profiles, labelSelector: '{version="1"}' },
      right: { ...profiles, labelSelector: '{version="2"}' },
    });
    expect(flamegraph).toMatchObject({
      names: ["total", "main", "x", "y"],
      leftTicks: 8n,
      rightTicks: 4n,
      total: 12n,
    });
    expect(test.backend.query).toMatchObject({ value: { maxNodes: 0n } });
  });

  it("keeps the code of what fails behind", async () => {
    test.metastore.failure = new UnavailableError("no leader");
    await expect(client.diff({ left: profiles, right: profiles })).rejects.toMatchObject({
      code: Code.Unavailable,
    });
  });
});

describe("GetProfileStats", () => {
  it("answers what the metastore knows of the tenant", async () => {
    test.metastore.tenant = { dataIngested: true, oldestProfileTimeMs: 1n, newestProfileTimeMs: 2n };
    expect(await client.getProfileStats({})).toMatchObject({
      dataIngested: true,
      oldestProfileTime: 1n,
      newestProfileTime: 2n,
    });
  });
});

describe("AnalyzeQuery", () => {
  it("counts what the plan would read, and reads nothing", async () => {
    test.metastore.blocks = [[blockMeta({ id: "A", level: 0 }), blockMeta({ id: "B", level: 2 })]];
    const answer = await client.analyzeQuery({ ...times, query: `${type}{service_name="app"}` });
    const scope = {
      componentCount: 1n,
      blockCount: 1n,
      seriesCount: 2n,
      profileCount: 3n,
      sampleCount: 4n,
      indexBytes: 10n,
      profileBytes: 20n,
      symbolBytes: 30n,
    };
    expect(answer).toMatchObject({
      queryScopes: [
        { componentType: "segments", ...scope },
        { componentType: "blocks", ...scope },
      ],
      queryImpact: { totalBytesInTimeRange: 120n, totalQueriedSeries: 4n, deduplicationNeeded: true },
    });
    expect(test.metastore.queries).toMatchObject([{ matchers: [serviceMatcher, typeMatcher] }]);
    expect(test.backend.requests).toEqual([]);
  });
});
