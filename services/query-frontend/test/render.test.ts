import { UnauthenticatedError, UnavailableError } from "@hearth/errors";
import { plainErrorHandler } from "@hearth/server";
import { noopLogger } from "@hearth/telemetry";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { fastify } from "fastify";

import { registerRenderRoutes } from "../src/render/routes.ts";
import { encodedColumns, treeReport } from "./answers.ts";
import { NOW_MS, type Report, START_MS, type TestFrontend, testFrontend } from "./fakes.ts";

const type = "process_cpu:samples:count:cpu:nanoseconds";
const [from, until] = [START_MS / 1000, START_MS / 1000 + 60];

let test: TestFrontend;

beforeEach(() => {
  test = testFrontend();
  test.backend.answer = ({ queries = [] }) => {
    if (queries[0]?.query?.case === "tree") return treeReport("main 3", "main;x 5");
    return timeSeries([undefined, 1n, 7]);
  };
});

/** Series with one point each: value of the label `pod`, bucket, sum. */
function timeSeries(
  ...points: readonly (readonly [pod: string | undefined, bucket: bigint, sum: number])[]
): Report {
  return {
    case: "timeSeries",
    value: {
      series: points.map(([pod, bucket, sum]) => ({
        labels: pod === undefined ? [] : [{ name: "pod", value: pod }],
        bucket: [bucket],
        sum: [sum],
        count: [1n],
      })),
    },
  };
}

async function getText(path: string, parameters: Readonly<Record<string, string | number>>) {
  const app = fastify();
  app.setErrorHandler(plainErrorHandler(noopLogger));
  registerRenderRoutes(app, {
    frontend: test.frontend,
    resolveTenants(header) {
      const tenant = header.get("x-scope-orgid");
      if (tenant === null) throw new UnauthenticatedError("no org id");
      return [tenant];
    },
  });
  const query = new URLSearchParams(
    Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return app.inject({ url: `${path}?${query.toString()}`, headers: { "x-scope-orgid": "acme" } });
}

async function get(...args: Parameters<typeof getText>) {
  const answer = await getText(...args);
  return { status: answer.statusCode, body: answer.json<unknown>() };
}

describe("GET /pyroscope/render", () => {
  const render = (parameters: Readonly<Record<string, string | number>> = {}) =>
    get("/pyroscope/render", { query: `${type}{service_name="app"}`, from, until, ...parameters });

  it("draws a flame graph with the values over time", async () => {
    expect(await render()).toEqual({
      status: 200,
      body: {
        version: 1,
        flamebearer: {
          names: ["total", "main", "x"],
          levels: [
            [0, 8, 0, 0],
            [0, 8, 3, 1],
            [3, 5, 5, 2],
          ],
          numTicks: 8,
          maxSelf: 5,
        },
        metadata: { format: "single", spyName: "", sampleRate: 100, units: "objects", name: "samples" },
        timeline: { startTime: from, samples: [0, 7, 0, 0], durationDelta: 15, watermarks: null },
        groups: null,
        heatmap: null,
      },
    });
  });

  it("moves points down to whole steps; what each covers counts from the start that was asked for", async () => {
    const { body } = await render({ from: from + 7, until: until + 7 });
    expect(body).toMatchObject({ timeline: { startTime: from, samples: [0, 7, 0, 0] } });
    const series = test.backend.requests.find(({ queries = [] }) => queries[0]?.query?.case === "timeSeries");
    expect(series).toMatchObject({
      startTimeMs: BigInt(START_MS + 7_000 - 15_000),
      endTimeMs: BigInt(START_MS + 7_000 + 60_000),
      queries: [{ query: { value: { originMs: BigInt(START_MS + 7_000), stepMs: 15_000n } } }],
    });
  });

  it("groups by the first label", async () => {
    test.backend.answer = ({ queries = [] }) =>
      queries[0]?.query?.case === "tree"
        ? treeReport("main 3")
        : timeSeries(["a", 1n, 7], ["b", 2n, 5], [undefined, 3n, 1], ["b", 9n, 1]);
    const { body } = await render({ groupBy: "pod" });
    expect(body).toMatchObject({
      timeline: { samples: [0, 0, 0, 0] },
      groups: {
        a: { samples: [0, 7, 0, 0] },
        b: { samples: [0, 0, 5, 0] },
        "*": { samples: [0, 0, 0, 1] },
      },
    });
  });

  it.each([
    { parameters: { "max-nodes": 1 }, want: 1n },
    { parameters: { "max-nodes": 1, maxNodes: 2 }, want: 2n },
    { parameters: { maxNodes: "many" }, want: 8192n },
  ])("keeps $want nodes for $parameters", async ({ parameters, want }) => {
    await render(parameters);
    const tree = test.backend.requests.find(({ queries = [] }) => queries[0]?.query?.case === "tree");
    expect(tree?.queries?.[0]?.query).toMatchObject({ value: { maxNodes: want } });
  });

  it.each([
    { id: "process_cpu:cpu:nanoseconds:cpu:nanoseconds", units: "samples", sampleRate: 1_000_000_000 },
    { id: "memory:alloc_objects:count:space:bytes", units: "objects", sampleRate: 100 },
    { id: "memory:alloc_space:bytes:space:bytes", units: "bytes", sampleRate: 100 },
  ])("shows $id in $units", async ({ id, units, sampleRate }) => {
    const { body } = await render({ query: `${id}{}` });
    expect(body).toMatchObject({ metadata: { units, sampleRate } });
  });

  it("draws nothing where the range is too old", async () => {
    test = testFrontend({ maxQueryLookbackMs: 1 });
    const { status, body } = await render();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      flamebearer: { names: ["total"], levels: [[0, 0, 0, 0]] },
      timeline: { samples: [0, 0, 0, 0] },
    });
    expect(test.metastore.queries).toEqual([]);
  });

  it.each([
    { name: "no query", parameters: { query: "" }, status: 400, message: '"query" is required' },
    { name: "no profile type", parameters: { query: "{}" }, status: 400, message: '"query" must contain' },
    { name: "a bad query", parameters: { query: "{" }, status: 400, message: 'failed to parse "query"' },
    {
      name: "a reversed range",
      parameters: { from: until, until: from },
      status: 400,
      message: "query start time",
    },
    {
      name: "too many nodes",
      parameters: { maxNodes: 2_000_000 },
      status: 400,
      message: "max flamegraph nodes",
    },
  ])("refuses $name", async ({ parameters, status, message }) => {
    expect(await render(parameters)).toMatchObject({
      status,
      body: { message: expect.stringContaining(message) },
    });
  });

  it("draws a graph as text in the format dot", async () => {
    test.backend.answer = () => ({ case: "pprof", value: { columns: encodedColumns("main;x 5") } });
    const parameters = { query: `${type}{}`, from, until, format: "dot" };
    const answer = await getText("/pyroscope/render", parameters);
    expect(answer.headers["content-type"]).toMatch(/^text\/plain/u);
    expect(answer.body).toMatch(/^digraph "app" \{/u);
    test.metastore.blocks = [[]];
    expect((await getText("/pyroscope/render", parameters)).body).toBe("");
  });

  it("keeps the code of what fails behind", async () => {
    test.metastore.failure = new UnavailableError("no leader");
    expect(await render()).toEqual({ status: 503, body: { code: "unavailable", message: "no leader" } });
  });
});

describe("GET /pyroscope/render-diff", () => {
  const sides = { leftFrom: from, leftUntil: until, rightFrom: from, rightUntil: until };

  it("draws both sides over each other", async () => {
    test.backend.answer = ({ matchers = [] }) =>
      matchers[0]?.value === "1" ? treeReport("main 3", "main;x 5") : treeReport("main;y 4");
    const leftQuery = `${type}{version="1"}`;
    const rightQuery = `${type}{version="2"}`;
    expect(await get("/pyroscope/render-diff", { leftQuery, rightQuery, ...sides })).toEqual({
      status: 200,
      body: {
        version: 1,
        flamebearer: {
          names: ["total", "main", "x", "y"],
          levels: [
            [0, 8, 0, 0, 4, 0, 0],
            [0, 8, 3, 0, 4, 0, 1],
            [3, 5, 5, 0, 0, 0, 2, 0, 0, 0, 0, 4, 4, 3],
          ],
          numTicks: 12,
          maxSelf: 5,
        },
        metadata: { format: "double", spyName: "", sampleRate: 100, units: "objects", name: "samples" },
        timeline: null,
        groups: null,
        heatmap: null,
        leftTicks: 8,
        rightTicks: 4,
      },
    });
  });

  it("leaves out the ticks of an empty side", async () => {
    test.backend.answer = ({ matchers = [] }) =>
      matchers[0]?.value === "1" ? treeReport("main 3") : treeReport();
    const queries = { leftQuery: `${type}{version="1"}`, rightQuery: `${type}{version="2"}` };
    const { body } = await get("/pyroscope/render-diff", { ...queries, ...sides });
    expect(body).toMatchObject({ leftTicks: 3 });
    expect(body).not.toHaveProperty("rightTicks");
  });

  it("refuses sides of different types", async () => {
    const other = "process_cpu:cpu:nanoseconds:cpu:nanoseconds{}";
    expect(
      await get("/pyroscope/render-diff", { leftQuery: `${type}{}`, rightQuery: other, ...sides }),
    ).toEqual({
      status: 400,
      body: { code: "invalid_argument", message: "profile types must match" },
    });
  });
});

describe("GET /pyroscope/label-values", () => {
  const lastHour = { startTimeMs: BigInt(NOW_MS - 3_600_000), endTimeMs: BigInt(NOW_MS) };

  it("lists the profile types of the last hour for __name__", async () => {
    test.metastore.labelSets = [{ __profile_type__: type }];
    expect(await get("/pyroscope/label-values", { label: "__name__" })).toEqual({
      status: 200,
      body: [type],
    });
    expect(test.metastore.labelQueries).toMatchObject([lastHour]);
  });

  it("lists the values of other labels", async () => {
    test.backend.answer = () => ({ case: "labelValues", value: { values: ["b", "a"] } });
    expect(await get("/pyroscope/label-values", { label: "pod" })).toEqual({ status: 200, body: ["a", "b"] });
    expect(test.metastore.queries).toMatchObject([lastHour]);
  });

  it("answers null for nothing", async () => {
    expect(await get("/pyroscope/label-values", { label: "__name__" })).toEqual({ status: 200, body: null });
  });

  it("refuses a call without label", async () => {
    expect(await get("/pyroscope/label-values", {})).toEqual({
      status: 400,
      body: { code: "invalid_argument", message: "label parameter is required" },
    });
  });
});

describe("requests without a tenant", () => {
  it("are refused", async () => {
    const app = fastify();
    app.setErrorHandler(plainErrorHandler(noopLogger));
    registerRenderRoutes(app, {
      frontend: test.frontend,
      resolveTenants() {
        throw new UnauthenticatedError("no org id");
      },
    });
    const answer = await app.inject({ url: "/pyroscope/render" });
    expect({ status: answer.statusCode, body: answer.json<unknown>() }).toEqual({
      status: 401,
      body: { code: "unauthenticated", message: "no org id" },
    });
  });
});
