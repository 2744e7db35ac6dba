import { describe, expect, it } from "@jest/globals";
import { create } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "@hearth/errors";
import { MatchType } from "@hearth/proto/hearth/metastore/v1";
import { StackTraceSelectorSchema } from "@hearth/proto/types/v1";

import { END_MS, noLimits, NOW_MS, START_MS } from "../../test/fakes.ts";
import { goDuration, prometheusDuration } from "./duration-text.ts";
import { allowedMaxNodes, allowedProfileMaxNodes } from "./max-nodes.ts";
import { checkPointCount, queriedStepMs } from "./query-step.ts";
import { sampleSelector } from "./sample-selector.ts";
import { labelMatchers, profileSelection, profileSelectionOfQuery } from "./selectors.ts";
import { queriedRange } from "./time-range.ts";

const HOUR_MS = 3_600_000;

describe("queriedRange", () => {
  const range = { start: BigInt(START_MS), end: BigInt(END_MS) };
  const whole = { startMs: START_MS, endMs: END_MS };

  it.each([
    { name: "no limits", limits: {}, times: range, want: whole },
    { name: "an instant", limits: {}, times: { start: 5n, end: 5n }, want: { startMs: 5, endMs: 5 } },
    {
      name: "a start that is too old is moved",
      limits: { maxQueryLookbackMs: HOUR_MS - 60_000 },
      times: range,
      want: { startMs: START_MS + 60_000, endMs: END_MS },
    },
    { name: "an end that is too old", limits: { maxQueryLookbackMs: 1 }, times: range, want: undefined },
    {
      name: "all time that there is",
      limits: {},
      times: { start: -(2n ** 63n), end: 2n ** 63n - 1n },
      want: { startMs: -Number.MAX_SAFE_INTEGER, endMs: Number.MAX_SAFE_INTEGER },
    },
    { name: "exactly the longest range", limits: { maxQueryLengthMs: 600_000 }, times: range, want: whole },
    {
      name: "the length counts after the move",
      limits: { maxQueryLookbackMs: HOUR_MS - 60_000, maxQueryLengthMs: 540_000 },
      times: range,
      want: { startMs: START_MS + 60_000, endMs: END_MS },
    },
  ])("$name", ({ limits, times, want }) => {
    expect(queriedRange(times, { ...noLimits, ...limits }, NOW_MS)).toEqual(want);
  });

  it.each([
    { name: "no start", times: { start: 0n, end: 5n }, want: "missing time range in the query" },
    { name: "no end", times: { start: 5n, end: 0n }, want: "missing time range in the query" },
    { name: "reversed", times: { start: 6n, end: 5n }, want: "query start time is after end time" },
    {
      name: "too long",
      times: { start: 1n, end: BigInt(168 * HOUR_MS + 1) },
      want: "the query time range exceeds the limit (max_query_length, actual: 168h0m0s, limit: 1d)",
    },
  ])("refuses $name", ({ times, want }) => {
    const limits = { ...noLimits, maxQueryLengthMs: 24 * HOUR_MS };
    expect(() => queriedRange(times, limits, NOW_MS)).toThrow(new InvalidArgumentError(want));
  });
});

describe("durations in messages", () => {
  it.each([
    { ms: 0, go: "0s", prometheus: "0s" },
    { ms: 1500, go: "1.5s", prometheus: "1s500ms" },
    { ms: 90_000, go: "1m30s", prometheus: "1m30s" },
    { ms: 36 * HOUR_MS, go: "36h0m0s", prometheus: "1d12h" },
    { ms: 24 * 7 * HOUR_MS, go: "168h0m0s", prometheus: "1w" },
    { ms: 24 * 365 * HOUR_MS, go: "8760h0m0s", prometheus: "1y" },
    { ms: 250, go: "250ms", prometheus: "250ms" },
  ])("$ms ms", ({ ms, go, prometheus }) => {
    expect([goDuration(ms), prometheusDuration(ms)]).toEqual([go, prometheus]);
  });
});

describe("allowedMaxNodes", () => {
  it.each([
    { name: "unset is the default", requested: undefined, limits: {}, want: 8192 },
    { name: "0 is the default", requested: 0n, limits: {}, want: 8192 },
    { name: "the most is allowed", requested: 1_048_576n, limits: {}, want: 1_048_576 },
    {
      name: "without a limit any number",
      requested: 9_000_000n,
      limits: { maxFlamegraphNodesMax: 0 },
      want: 9_000_000,
    },
    {
      name: "without a limit less than 0 is all",
      requested: -1n,
      limits: { maxFlamegraphNodesMax: 0 },
      want: 0,
    },
  ])("$name", ({ requested, limits, want }) => {
    expect(allowedMaxNodes(requested, { ...noLimits, ...limits })).toBe(want);
  });

  it.each([
    { requested: 1_048_577n, want: "max flamegraph nodes limit 1048577 is greater than allowed 1048576" },
    {
      requested: 2n ** 63n - 1n,
      want: "max flamegraph nodes limit 9223372036854775807 is greater than allowed 1048576",
    },
    { requested: -1n, want: "max flamegraph nodes limit must be set (max allowed 1048576)" },
  ])("refuses $requested", ({ requested, want }) => {
    expect(() => allowedMaxNodes(requested, noLimits)).toThrow(new InvalidArgumentError(want));
  });

  it("leaves pprof alone, unless the tenant says otherwise", () => {
    expect(allowedProfileMaxNodes(undefined, noLimits)).toBe(0);
    expect(allowedProfileMaxNodes(5_000_000n, noLimits)).toBe(5_000_000);
    const limited = { ...noLimits, maxFlamegraphNodesOnSelectMergeProfile: true };
    expect(allowedProfileMaxNodes(undefined, limited)).toBe(8192);
    expect(() => allowedProfileMaxNodes(5_000_000n, limited)).toThrow(InvalidArgumentError);
  });
});

describe("sampleSelector", () => {
  it("reads ids from hex and call sites from the root", () => {
    const selector = sampleSelector({
      spanSelector: ["00112233445566FF"],
      traceIdSelector: ["0af7651916cd43dd8448eb211c80319c"],
      profileIdSelector: [
        "f27ab970-29c1-4aec-bba7-e80fd501597f",
        "urn:uuid:f27ab97029c14aecbba7e80fd501597f",
      ],
      stackTraceSelector: create(StackTraceSelectorSchema, {
        callSite: [{ name: "main" }, { name: "handle" }],
      }),
    });
    const profileId = Buffer.from("f27ab97029c14aecbba7e80fd501597f", "hex");
    expect(selector).toEqual({
      spanIds: [Uint8Array.of(0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0xff)],
      traceIds: [Uint8Array.from(Buffer.from("0af7651916cd43dd8448eb211c80319c", "hex"))],
      profileIds: [Uint8Array.from(profileId), Uint8Array.from(profileId)],
      callSite: ["main", "handle"],
    });
  });

  it.each([
    {
      name: "a short span id",
      requested: { spanSelector: ["0011"] },
      want: 'invalid span id length: "0011"',
    },
    {
      name: "a span id that is no hex",
      requested: { spanSelector: ["001122334455667g"] },
      want: "invalid span id",
    },
    { name: "a short trace id", requested: { traceIdSelector: ["00"] }, want: "invalid trace id length" },
    {
      name: "a profile id that is no UUID",
      requested: { profileIdSelector: ["x"] },
      want: "invalid profile id",
    },
  ])("refuses $name", ({ requested, want }) => {
    expect(() => sampleSelector(requested)).toThrow(want);
    expect(() => sampleSelector(requested)).toThrow(InvalidArgumentError);
  });
});

describe("queriedStepMs", () => {
  it.each([
    { step: 15, want: 15_000 },
    { step: 0.001, want: 1 },
    { step: 0.0019, want: 1 },
    { step: 2.5, want: 2500 },
    { step: 0.29, want: 290 },
  ])("$step s", ({ step, want }) => {
    expect(queriedStepMs(step)).toBe(want);
  });

  it.each([0, -15, 0.0009, Number.NaN, Infinity, -Infinity, 1e300])("refuses %p", (step) => {
    expect(() => queriedStepMs(step)).toThrow(new InvalidArgumentError("step must be >= 1ms"));
  });

  it("bounds the number of points", () => {
    expect(() => checkPointCount({ startMs: 0, endMs: 99 }, 1, 100)).not.toThrow();
    expect(() => checkPointCount({ startMs: 0, endMs: 100 }, 1, 100)).toThrow(InvalidArgumentError);
  });
});

describe("selectors", () => {
  const cpu = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
  const typeMatcher = { name: "__profile_type__", value: cpu, type: MatchType.EQUAL };

  it("adds the profile type, without a sixth part, to those of a selector", () => {
    expect(profileSelection(`${cpu}:delta`, '{a="b",c!="d",e=~"f",g!~"h"}').matchers).toEqual([
      { name: "a", value: "b", type: MatchType.EQUAL },
      { name: "c", value: "d", type: MatchType.NOT_EQUAL },
      { name: "e", value: "f", type: MatchType.REGEX },
      { name: "g", value: "h", type: MatchType.NOT_REGEX },
      typeMatcher,
    ]);
  });

  it.each([`${cpu}{a="b"}`, `{__name__="${cpu}",a="b"}`])("reads the query %p", (query) => {
    const { profileType, matchers } = profileSelectionOfQuery(query);
    expect(profileType.sampleType).toBe("cpu");
    expect(matchers).toEqual([{ name: "a", value: "b", type: MatchType.EQUAL }, typeMatcher]);
  });

  it.each([
    { query: "", want: '"query" is required' },
    { query: '{a="b"}', want: '"query" must contain a profile-type selection' },
    { query: "{", want: 'failed to parse "query"' },
    { query: 'cpu{a="b"}', want: "profile-type selection must be of the form" },
  ])("refuses the query $query", ({ query, want }) => {
    expect(() => profileSelectionOfQuery(query)).toThrow(want);
  });

  it("joins the selectors of a label call, and reads a profile type id as such", () => {
    expect(labelMatchers([`${cpu}{}`, '{a="b"}', "process_cpu{}"], "bad")).toEqual([
      typeMatcher,
      { name: "a", value: "b", type: MatchType.EQUAL },
      { name: "__name__", value: "process_cpu", type: MatchType.EQUAL },
    ]);
  });

  it("says which selector it could not read", () => {
    expect(() => labelMatchers(["{}", '{pod=~"*"}'], "failed")).toThrow(
      'failed "{pod=~\\"*\\"}": 1:2: parse error',
    );
  });
});
