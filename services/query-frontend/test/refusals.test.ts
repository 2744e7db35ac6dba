import { Code } from "@hearth/errors";
import { HeatmapQueryType } from "@hearth/proto/querier/v1";
import { ExemplarType } from "@hearth/proto/types/v1";
import { describe, expect, it } from "@jest/globals";

import { END_MS, NOW_MS, querierClient, START_MS, testFrontend } from "./fakes.ts";

const times = { start: BigInt(START_MS), end: BigInt(END_MS) };
const reversed = { start: BigInt(END_MS), end: BigInt(START_MS) };
const type = "process_cpu:samples:count:cpu:nanoseconds";
const profiles = { ...times, profileTypeID: type, labelSelector: "{}" };
const points = { ...profiles, step: 15 };

type Call = (client: ReturnType<typeof querierClient>) => Promise<unknown>;

interface Refusal {
  readonly name: string;
  readonly call: Call;
  readonly message: string;
}

const range: readonly Refusal[] = [
  ...(
    [
      ["SelectMergeStacktraces", (c, t) => c.selectMergeStacktraces({ ...profiles, ...t })],
      ["SelectMergeProfile", (c, t) => c.selectMergeProfile({ ...profiles, ...t })],
      ["SelectMergeSpanProfile", (c, t) => c.selectMergeSpanProfile({ ...profiles, ...t })],
      ["SelectSeries", (c, t) => c.selectSeries({ ...points, ...t })],
      ["Series", (c, t) => c.series(t)],
      ["LabelNames", (c, t) => c.labelNames(t)],
      ["LabelValues", (c, t) => c.labelValues({ ...t, name: "a" })],
      ["ProfileTypes", (c, t) => c.profileTypes(t)],
      ["AnalyzeQuery", (c, t) => c.analyzeQuery(t)],
      ["Diff", (c, t) => c.diff({ left: profiles, right: { ...profiles, ...t } })],
    ] satisfies [string, (client: Parameters<Call>[0], t: typeof times) => Promise<unknown>][]
  ).flatMap(([rpc, call]) => [
    {
      name: `${rpc}: reversed`,
      call: (client: Parameters<Call>[0]) => call(client, reversed),
      message: "query start time is after end time",
    },
    {
      name: `${rpc}: no end`,
      call: (client: Parameters<Call>[0]) => call(client, { ...times, end: 0n }),
      message: "missing time range in the query",
    },
  ]),
  { name: "Series: no times", call: (c) => c.series({}), message: "missing time range in the query" },
  { name: "LabelNames: no times", call: (c) => c.labelNames({}), message: "missing time range in the query" },
];

const profileTypes: readonly Refusal[] = [
  ["process_cpu:cpu:nanoseconds:cpu", 4],
  ["process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta:x", 7],
  ["cpu", 1],
  ["", 1],
].flatMap(([id, parts]) => {
  const profileTypeID = String(id);
  const message =
    "profile-type selection must be of the form <name>:<sample-type>:<sample-unit>:<period-type>:<period-unit>(:delta), " +
    `got(${parts}): "${profileTypeID}"`;
  const bad = { ...profiles, profileTypeID };
  return [
    { name: `stack traces: type "${profileTypeID}"`, call: (c) => c.selectMergeStacktraces(bad), message },
    { name: `profile: type "${profileTypeID}"`, call: (c) => c.selectMergeProfile(bad), message },
    { name: `spans: type "${profileTypeID}"`, call: (c) => c.selectMergeSpanProfile(bad), message },
    {
      name: `points: type "${profileTypeID}"`,
      call: (c) => c.selectSeries({ ...points, profileTypeID }),
      message,
    },
    {
      name: `diff: left type "${profileTypeID}"`,
      call: (c) => c.diff({ left: bad, right: profiles }),
      message,
    },
    {
      name: `diff: right type "${profileTypeID}"`,
      call: (c) => c.diff({ left: profiles, right: bad }),
      message,
    },
  ] satisfies Refusal[];
});

const selectors: readonly Refusal[] = [
  '{pod="a"',
  "{pod=a}",
  "{pod=}",
  '{pod "a"}',
  '{pod=~"[a"}',
  '{pod=~"*"}',
  '{pod=~"(?=a)"}',
  '{pod="\\q"}',
  '{pod="a",,}',
  '{pod="a"} x',
  "",
  "foo{}[5m]",
  '{app-version="1"}',
].map((labelSelector) => ({
  name: `stack traces: selector ${labelSelector}`,
  call: (c) => c.selectMergeStacktraces({ ...profiles, labelSelector }),
  message: "parsing label selector",
}));

const others: readonly Refusal[] = [
  {
    name: "points: selector",
    call: (c) => c.selectSeries({ ...points, labelSelector: '{pod=~"[a"}' }),
    message: "parsing label selector",
  },
  {
    name: "profile: selector",
    call: (c) => c.selectMergeProfile({ ...profiles, labelSelector: "{" }),
    message: "parsing label selector",
  },
  {
    name: "names: selector",
    call: (c) => c.labelNames({ ...times, matchers: ['{pod="a"'] }),
    message: "parsing label selector",
  },
  {
    name: "values: second selector",
    call: (c) => c.labelValues({ ...times, name: "pod", matchers: ["{}", '{pod=~"*"}'] }),
    message: "parsing label selector",
  },
  {
    name: "series: selector",
    call: (c) => c.series({ ...times, matchers: ['{pod "a"}'] }),
    message: "failed to parse label selector",
  },
  {
    name: "diff: right selector",
    call: (c) => c.diff({ left: profiles, right: { ...profiles, labelSelector: "{" } }),
    message: "parsing label selector",
  },
  { name: "values: no name", call: (c) => c.labelValues(times), message: "name is required" },
  ...[0, -15, 0.0009, Number.NaN, Infinity].map((step) => ({
    name: `points: step ${step}`,
    call: (c: Parameters<Call>[0]) => c.selectSeries({ ...points, step }),
    message: "step must be >= 1ms",
  })),
  {
    name: "points: too many",
    call: (c) => c.selectSeries({ ...points, start: 1n, end: BigInt(NOW_MS), step: 0.001 }),
    message: "the step is too small for the time range",
  },
  {
    name: "stack traces: too many nodes",
    call: (c) => c.selectMergeStacktraces({ ...profiles, maxNodes: 1_048_577n }),
    message: "max flamegraph nodes limit 1048577 is greater than allowed 1048576",
  },
  {
    name: "stack traces: less than no nodes",
    call: (c) => c.selectMergeStacktraces({ ...profiles, maxNodes: -1n }),
    message: "max flamegraph nodes limit must be set (max allowed 1048576)",
  },
  {
    name: "diff: too many nodes on the left",
    call: (c) => c.diff({ left: { ...profiles, maxNodes: 2_000_000n }, right: profiles }),
    message: "max flamegraph nodes limit 2000000 is greater than allowed 1048576",
  },
  {
    name: "diff: nothing",
    call: (c) => c.diff({}),
    message: "profile-type selection must be of the form",
  },
  {
    name: "stack traces: spans and traces",
    call: (c) =>
      c.selectMergeStacktraces({
        ...profiles,
        spanSelector: ["00000000000000a1"],
        traceIdSelector: ["0af7651916cd43dd8448eb211c80319c"],
      }),
    message: "span_selector and trace_id_selector cannot be combined",
  },
  {
    name: "stack traces: span id",
    call: (c) => c.selectMergeStacktraces({ ...profiles, spanSelector: ["a1"] }),
    message: "invalid span id length",
  },
  {
    name: "spans: span id",
    call: (c) => c.selectMergeSpanProfile({ ...profiles, spanSelector: ["a1"] }),
    message: "invalid span id length",
  },
  {
    name: "heatmap: step",
    call: (c) => c.selectHeatmap({ ...points, step: 0.0005 }),
    message: "step must be >= 1ms, got 0.000500",
  },
  {
    name: "heatmap: limit",
    call: (c) => c.selectHeatmap({ ...points, limit: -1n }),
    message: "limit must be non-negative, got -1",
  },
  {
    name: "heatmap: an instant",
    call: (c) => c.selectHeatmap({ ...points, end: points.start }),
    message: `start time must be before end time, got start=${START_MS} end=${START_MS}`,
  },
  {
    name: "heatmap: no type",
    call: (c) => c.selectHeatmap(points),
    message: "valid heatmap query type must be specified",
  },
  {
    name: "heatmap: exemplars of profiles for spans",
    call: (c) =>
      c.selectHeatmap({
        ...points,
        queryType: HeatmapQueryType.SPAN,
        exemplarType: ExemplarType.INDIVIDUAL,
      }),
    message: "individual exemplars only available for individual query type",
  },
  {
    name: "heatmap: exemplars of spans for profiles",
    call: (c) =>
      c.selectHeatmap({
        ...points,
        queryType: HeatmapQueryType.INDIVIDUAL,
        exemplarType: ExemplarType.SPAN,
      }),
    message: "span exemplars only available for span query type",
  },
  {
    name: "heatmap: selector",
    call: (c) => c.selectHeatmap({ ...points, labelSelector: "{" }),
    message: "parsing label selector",
  },
  {
    name: "profile: profile id",
    call: (c) => c.selectMergeProfile({ ...profiles, profileIdSelector: ["x"] }),
    message: "invalid profile id",
  },
];

describe("a request that cannot be answered is refused before anything is read", () => {
  it.each([...range, ...profileTypes, ...selectors, ...others])("$name", async ({ call, message }) => {
    const test = testFrontend();
    await expect(call(querierClient(test))).rejects.toMatchObject({
      code: Code.InvalidArgument,
      message: expect.stringContaining(message),
    });
    expect([...test.metastore.queries, ...test.metastore.labelQueries, ...test.backend.requests]).toEqual([]);
  });

  it("profile statistics are of one tenant", async () => {
    const client = querierClient(testFrontend(), ["a", "b"]);
    await expect(client.getProfileStats({})).rejects.toMatchObject({
      code: Code.InvalidArgument,
      message: "expected 1 tenant, got 2",
    });
  });
});

describe("what is not implemented says so", () => {
  it.each<{ name: string; call: Call }>([
    { name: "heatmaps", call: (c) => c.selectHeatmap({ ...points, queryType: HeatmapQueryType.INDIVIDUAL }) },
    {
      name: "exemplars of spans",
      call: (c) => c.selectSeries({ ...points, exemplarType: ExemplarType.SPAN }),
    },
  ])("$name", async ({ call }) => {
    await expect(call(querierClient(testFrontend()))).rejects.toMatchObject({ code: Code.Unimplemented });
  });
});

describe("a range that is too old for the tenant", () => {
  it("is answered with nothing, by every call", async () => {
    const test = testFrontend({ maxQueryLookbackMs: 1 });
    const client = querierClient(test);
    const answers = await Promise.all([
      client.profileTypes(times),
      client.labelNames(times),
      client.labelValues({ ...times, name: "a" }),
      client.series(times),
      client.selectMergeStacktraces(profiles),
      client.selectMergeSpanProfile(profiles),
      client.selectMergeProfile(profiles),
      client.selectSeries(points),
      client.selectHeatmap({ ...points, queryType: HeatmapQueryType.SPAN }),
      client.analyzeQuery(times),
    ]);
    expect(answers.filter((answer) => !isEmpty(answer))).toEqual([]);
    expect(test.metastore.queries).toEqual([]);
    expect(test.metastore.labelQueries).toEqual([]);
  });
});

/** Whether every field of a message is unset. */
function isEmpty(message: object): boolean {
  const fields = Object.entries(message).filter(([name]) => name !== "$typeName");
  return fields.every(
    ([, value]) => !value || (Array.isArray(value) && value.length === 0) || isNoBytes(value),
  );
}

function isNoBytes(value: unknown): boolean {
  return value instanceof Uint8Array && value.length === 0;
}
