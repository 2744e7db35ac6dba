import { Code, UnavailableError } from "@hearth/errors";
import { MatchType } from "@hearth/proto/hearth/metastore/v1";
import { HeatmapQueryType, ProfileFormat } from "@hearth/proto/querier/v1";
import { ExemplarType, TimeSeriesAggregationType } from "@hearth/proto/types/v1";
import { beforeEach, describe, expect, it } from "@jest/globals";

import { encodedColumns, treeReport } from "./answers.ts";
import {
  blockMeta,
  END_MS,
  NOW_MS,
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

/** Two leaves, so that there is something to merge. */
function answerInTwoReads(...reports: Parameters<typeof firstThen>): void {
  test = testFrontend({}, { leafBytes: 1 });
  client = querierClient(test);
  test.metastore.blocks = [[blockMeta({ id: "A", shard: 1 }), blockMeta({ id: "B", shard: 2 })]];
  test.backend.answer = firstThen(...reports);
}

function firstThen(
  first: ReturnType<typeof treeReport>,
  second: typeof first,
): TestFrontend["backend"]["answer"] {
  return ({ blocks = [] }) => (blocks[0]?.id === "A" ? first : second);
}

describe("ProfileTypes", () => {
  beforeEach(() => {
    test.metastore.labelSets = [
      { __profile_type__: type },
      { __profile_type__: "memory:alloc_space:bytes:space:bytes" },
      { __profile_type__: "malformed" },
    ];
  });

  it("lists the types of datasets, sorted, without malformed ones", async () => {
    const { profileTypes } = await client.profileTypes(times);
    expect(profileTypes).toMatchObject([
      {
        ID: "memory:alloc_space:bytes:space:bytes",
        name: "memory",
        sampleType: "alloc_space",
        sampleUnit: "bytes",
        periodType: "space",
        periodUnit: "bytes",
      },
      { ID: type, name: "process_cpu" },
    ]);
    expect(test.metastore.labelQueries).toMatchObject([
      { tenants: ["acme"], startTimeMs: times.start, endTimeMs: times.end, labelNames: ["__profile_type__"] },
    ]);
  });

  it("looks at the last hour when no range is named", async () => {
    await client.profileTypes({});
    expect(test.metastore.labelQueries).toMatchObject([
      { startTimeMs: BigInt(NOW_MS - 3_600_000), endTimeMs: BigInt(NOW_MS) },
    ]);
  });

  it("answers the health check of data sources, a range of 1970", async () => {
    test.metastore.labelSets = [];
    expect((await client.profileTypes({ start: 1000n, end: 4000n })).profileTypes).toEqual([]);
  });

  it("keeps the code of the metastore's error", async () => {
    test.metastore.failure = new UnavailableError("no leader");
    await expect(client.profileTypes(times)).rejects.toMatchObject({ code: Code.Unavailable });
  });
});

describe("LabelNames", () => {
  beforeEach(() => {
    answerInTwoReads(
      { case: "labelNames", value: { names: ["service_name", "k8s.pod.name"] } },
      { case: "labelNames", value: { names: ["__name__", "service_name", "日本"] } },
    );
  });

  it("unites and sorts; names that the caller cannot take are left out", async () => {
    expect((await client.labelNames(times)).names).toEqual(["__name__", "service_name"]);
  });

  it("gives all to those who can take them", async () => {
    const headers = { accept: "*/*;allow-utf8-labelnames=true" };
    expect((await client.labelNames(times, { headers })).names).toEqual([
      "__name__",
      "k8s.pod.name",
      "service_name",
      "日本",
    ]);
  });

  it("reads the matchers of dashboards: an id of a profile type in front of a selector", async () => {
    await client.labelNames({ ...times, matchers: [`${type}{}`, '{service_name="app"}'] });
    expect(test.metastore.queries).toMatchObject([{ matchers: [typeMatcher, serviceMatcher] }]);
  });
});

describe("LabelValues", () => {
  it("unites and sorts by bytes", async () => {
    answerInTwoReads(
      { case: "labelValues", value: { values: ["ｗ", "b"] } },
      { case: "labelValues", value: { values: ["𝔸", "a", "b"] } },
    );
    expect((await client.labelValues({ ...times, name: "pod" })).names).toEqual(["a", "b", "ｗ", "𝔸"]);
    expect(test.backend.query).toMatchObject({ case: "labelValues", value: { name: "pod" } });
  });
});

describe("Series", () => {
  const seriesReport = (...sets: readonly Readonly<Record<string, string>>[]) => ({
    case: "series" as const,
    value: {
      labelSets: sets.map((set) => ({
        labels: Object.entries(set).map(([name, value]) => ({ name, value })),
      })),
    },
  });
  const utf8 = { headers: { accept: "*/*;allow-utf8-labelnames=true" } };
  const sets = async (...args: Parameters<typeof client.series>): Promise<Record<string, string>[]> =>
    (await client.series(...args)).labelsSet.map(({ labels }) =>
      Object.fromEntries(labels.map(({ name, value }) => [name, value])),
    );

  it("unites distinct sets and sorts them", async () => {
    answerInTwoReads(seriesReport({ a: "2" }, { a: "1" }), seriesReport({ a: "1" }, { a: "1", b: "1" }));
    expect(await sets(times)).toEqual([{ a: "1" }, { a: "1", b: "1" }, { a: "2" }]);
  });

  it("asks for the names that the caller can take, of those it named", async () => {
    test.backend.answer = () => seriesReport({ plain: "x" });
    await sets({ ...times, labelNames: ["k8s.pod.name", "plain"] });
    expect(test.backend.query).toMatchObject({ case: "series", value: { labelNames: ["plain"] } });
  });

  it("shows a series without any of the names as an empty set, but not when names were hidden", async () => {
    test.backend.answer = () => seriesReport({ plain: "x" }, {});
    expect(await sets({ ...times, labelNames: ["plain"] })).toEqual([{}, { plain: "x" }]);
    expect(await sets({ ...times, labelNames: ["k8s.pod.name", "plain"] })).toEqual([{ plain: "x" }]);
  });

  it("answers nothing when none of them is left", async () => {
    expect(await sets({ ...times, labelNames: ["k8s.pod.name"] })).toEqual([]);
    expect(test.backend.requests).toEqual([]);
  });

  it("hides labels that the caller cannot take when it named none", async () => {
    test.backend.answer = () =>
      seriesReport({ "k8s.pod.name": "1", plain: "x" }, { "k8s.pod.name": "2", plain: "x" });
    expect(await sets(times)).toEqual([{ plain: "x" }]);
    expect(await sets(times, utf8)).toHaveLength(2);
  });

  describe("the list of services", () => {
    beforeEach(() => {
      test.metastore.labelSets = [
        { service_name: "b", __profile_type__: type },
        { __profile_type__: type, service_name: "a" },
      ];
    });

    it.each([{ matchers: [] }, { matchers: ["{}"] }])(
      "comes from metadata: $matchers",
      async ({ matchers }) => {
        expect(await sets({ ...times, matchers, labelNames: ["service_name", "__profile_type__"] })).toEqual([
          { __profile_type__: type, service_name: "a" },
          { __profile_type__: type, service_name: "b" },
        ]);
        expect(test.backend.requests).toEqual([]);
      },
    );

    it("may have the parts of the profile type", async () => {
      const labelNames = ["pyroscope_app", "service_name", "__profile_type__", "__type__", "__name__"];
      const { labelsSet } = await client.series({ ...times, labelNames });
      expect(labelsSet[0]?.labels).toMatchObject([
        { name: "__name__", value: "process_cpu" },
        { name: "__profile_type__", value: type },
        { name: "__type__", value: "cpu" },
        { name: "service_name", value: "a" },
      ]);
      expect(test.backend.requests).toEqual([]);
    });

    it.each([
      {
        name: "matchers",
        request: { matchers: ['{a="b"}'], labelNames: ["service_name", "__profile_type__"] },
      },
      { name: "other names", request: { labelNames: ["service_name"] } },
    ])("does not with $name", async ({ request }) => {
      await sets({ ...times, ...request });
      expect(test.backend.requests).toHaveLength(1);
    });
  });
});

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
