import { Code, UnavailableError } from "@hearth/errors";
import { MatchType } from "@hearth/proto/hearth/metastore/v1";
import { beforeEach, describe, expect, it } from "@jest/globals";

import {
  END_MS,
  NOW_MS,
  frontendOfTwoReads,
  querierClient,
  START_MS,
  type TestFrontend,
  testFrontend,
} from "./fakes.ts";

const times = { start: BigInt(START_MS), end: BigInt(END_MS) };
const type = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
const serviceMatcher = { name: "service_name", value: "app", type: MatchType.EQUAL };
const typeMatcher = { name: "__profile_type__", value: type, type: MatchType.EQUAL };

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
