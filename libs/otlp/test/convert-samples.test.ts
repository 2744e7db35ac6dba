import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import {
  convertOtlpExport,
  decodeOtlpExport,
  DEFAULT_CONVERT_LIMITS,
  MAX_REJECTIONS,
  type ConvertedExport,
  type ConvertOptions,
} from "../src/index.ts";
import { linesOf, samplesOf } from "./readable.ts";
import {
  attribute,
  DICTIONARY,
  encodeCurrent,
  exportSketch,
  profileSketch,
  typeSketch,
  type ExportSketch,
  type SampleSketch,
} from "./sketch.ts";

function convert(sketch: ExportSketch, options: Partial<ConvertOptions> = {}): ConvertedExport {
  const exported = decodeOtlpExport(encodeCurrent(exportSketch(sketch)));
  return convertOtlpExport(exported, { nowNanos: 99n, limits: DEFAULT_CONVERT_LIMITS, ...options });
}

function convertOne(
  samples: readonly SampleSketch[],
  profile: JsonObject = {},
  dictionary: JsonObject = {},
): ConvertedExport {
  return convert({ profiles: [profileSketch(samples, profile)], dictionary });
}

/** The samples of a single profile with a single group. */
function samplesOfOne(samples: readonly SampleSketch[], profile: JsonObject = {}): string[] {
  const { profiles, symbols } = convertOne(samples, profile);
  return profiles.flatMap(({ groups }) => groups.flatMap((group) => samplesOf(symbols, group)));
}

const OTHER: JsonObject = { sampleType: typeSketch("custom", "nanoseconds"), period: "0" };
const PLAIN: JsonObject = { sampleType: typeSketch("inuse_space", "bytes"), period: "0" };
const TIMES = ["1", "2", "3"];

describe("values", () => {
  it.each<{ name: string; samples: readonly SampleSketch[]; profile?: JsonObject; want: readonly string[] }>([
    { name: "a value counts", samples: [{ stackIndex: 1, values: [3] }], profile: PLAIN, want: ["main=3"] },
    {
      name: "timestamps alone count 1 each",
      samples: [{ stackIndex: 1, timestampsUnixNano: TIMES }],
      profile: PLAIN,
      want: ["main=3"],
    },
    {
      name: "values with as many timestamps are summed",
      samples: [{ stackIndex: 1, values: [3, 4, 5], timestampsUnixNano: TIMES }],
      profile: PLAIN,
      want: ["main=12"],
    },
    {
      name: "one value with several timestamps counts once",
      samples: [{ stackIndex: 1, values: [5], timestampsUnixNano: TIMES }],
      profile: PLAIN,
      want: ["main=5"],
    },
    {
      name: "counted CPU samples stand for a period each",
      samples: [{ stackIndex: 1, values: [3] }],
      want: ["main=30"],
    },
    {
      name: "products beyond 2^53 are exact",
      samples: [{ stackIndex: 1, values: ["900719925474099"] }],
      profile: { period: "1001" },
      want: [`main=${900_719_925_474_099n * 1001n}`],
    },
    {
      name: "sums beyond 2^53 are exact",
      samples: [
        { stackIndex: 1, values: ["9007199254740993"] },
        { stackIndex: 1, values: ["9007199254740991"] },
      ],
      profile: PLAIN,
      want: ["main=18014398509481984"],
    },
    {
      name: "negative values and zeros are left out",
      samples: [
        { stackIndex: 1, values: [-3] },
        { stackIndex: 2, values: [0] },
        { stackIndex: 3, values: [1] },
      ],
      profile: PLAIN,
      want: ["main;serve;spin=1"],
    },
    {
      name: "samples of one stack and span add up",
      samples: [
        { stackIndex: 2, values: [1] },
        { stackIndex: 2, values: [2], linkIndex: 1 },
        { stackIndex: 2, values: [4] },
        { stackIndex: 2, values: [8], linkIndex: 1 },
      ],
      profile: PLAIN,
      want: ["main;serve=5", "main;serve=10@1112131415161718"],
    },
    { name: "a sample without a stack counts", samples: [{ values: [2] }], profile: PLAIN, want: ["=2"] },
  ])("$name", ({ samples, profile, want }) => {
    expect(samplesOfOne(samples, profile)).toEqual(want);
  });

  it("counts what it leaves out", () => {
    const { counts } = convertOne(
      [
        { stackIndex: 1, values: [-3] },
        { stackIndex: 2, values: [0] },
        { stackIndex: 3, values: [0] },
        { stackIndex: 3, values: [1] },
      ],
      PLAIN,
    );
    expect(counts).toMatchObject({
      receivedProfiles: 1,
      receivedSamples: 4,
      negativeSamples: 1,
      zeroSamples: 2,
    });
  });
});

describe("what cannot be stored", () => {
  it.each<{
    name: string;
    samples?: readonly SampleSketch[];
    profile?: JsonObject;
    dictionary?: JsonObject;
    want: RegExp;
  }>([
    { name: "no sample type", profile: { sampleType: null }, want: /no sample type/ },
    { name: "a sample type without a name", profile: { sampleType: {} }, want: /no sample type/ },
    {
      name: "a type that is not there",
      profile: { sampleType: { typeStrindex: 99 } },
      want: /type out of range/,
    },
    {
      name: "a stack that is not there",
      samples: [{ stackIndex: 9, values: [1] }],
      want: /stack index out of range/,
    },
    {
      name: "a negative stack",
      samples: [{ stackIndex: -1, values: [1] }],
      want: /stack index out of range/,
    },
    {
      name: "a link that is not there",
      samples: [{ linkIndex: 2, values: [1] }],
      want: /link index out of range/,
    },
    {
      name: "an attribute that is not there",
      samples: [{ attributeIndices: [5], values: [1] }],
      want: /attribute index out of range/,
    },
    {
      name: "an attribute whose key is not there",
      samples: [{ attributeIndices: [1], values: [1] }],
      dictionary: { attributeTable: [{}, { keyStrindex: 77, value: { stringValue: "x" } }] },
      want: /attribute index out of range/,
    },
    {
      name: "a location that is not there",
      samples: [{ stackIndex: 1, values: [1] }],
      dictionary: { stackTable: [{}, { locationIndices: [4] }] },
      want: /location index out of range/,
    },
    {
      name: "a mapping that is not there",
      samples: [{ stackIndex: 1, values: [1] }],
      dictionary: { locationTable: [{}, { mappingIndex: 2, address: "5" }] },
      want: /its mapping or a function/,
    },
    {
      name: "a function that is not there",
      samples: [{ stackIndex: 1, values: [1] }],
      dictionary: { locationTable: [{}, { lines: [{ functionIndex: 4 }] }] },
      want: /its mapping or a function/,
    },
    {
      name: "a function whose name is not there",
      samples: [{ stackIndex: 1, values: [1] }],
      dictionary: { functionTable: [{}, { nameStrindex: 99 }] },
      want: /its mapping or a function/,
    },
    {
      name: "a mapping whose file name is not there",
      samples: [{ stackIndex: 1, values: [1] }],
      dictionary: { mappingTable: [{}, { filenameStrindex: 99 }] },
      want: /its mapping or a function/,
    },
    {
      name: "neither values nor timestamps",
      samples: [{ stackIndex: 1 }],
      want: /neither values nor timestamps/,
    },
    { name: "two values and no timestamps", samples: [{ values: [1, 2] }], want: /values=2 timestamps=0/ },
    {
      name: "two values and three timestamps",
      samples: [{ values: [1, 2], timestampsUnixNano: TIMES }],
      profile: OTHER,
      want: /values=2 timestamps=3/,
    },
    {
      name: "a product that does not fit 64 bits",
      samples: [{ values: ["4611686018427387904"] }],
      want: /does not fit 64 bits/,
    },
    {
      name: "a time beyond all calendars",
      profile: { timeUnixNano: "9223372036854775808" },
      want: /time out of range/,
    },
  ])(
    "rejects a profile and stores the others: $name",
    ({ samples = [{ values: [1] }], profile, dictionary, want }) => {
      const good = profileSketch([{ values: [1] }]);
      const bad = profileSketch(samples, profile);
      const { profiles, rejections } = convert({
        profiles: [good, bad, good],
        ...(dictionary === undefined ? {} : { dictionary }),
      });
      expect(profiles.map(({ index }) => index)).toEqual([0, 2]);
      expect(rejections).toEqual([
        { index: 1, reason: "malformed_profile", message: expect.stringMatching(want) },
      ]);
    },
  );

  it.each([
    { limits: { maxSamplesPerProfile: 1 }, reason: "samples_limit" },
    { limits: { maxAttributesPerSample: 1 }, reason: "sample_labels_limit" },
  ])("rejects what exceeds $limits, as $reason", ({ limits, reason }) => {
    const samples = [{ values: [1], attributeIndices: [1, 2] }, { values: [2] }];
    const options = { limits: { ...DEFAULT_CONVERT_LIMITS, ...limits } };
    const { rejections } = convert({ profiles: [profileSketch(samples)] }, options);
    expect(rejections).toMatchObject([{ reason }]);
  });

  it("takes 0 for no limit", () => {
    const limits = {
      maxSamplesPerProfile: 0,
      maxAttributesPerSample: 0,
      maxStacktraceDepth: 0,
      maxSymbolValueLengthBytes: 0,
      maxLabelNamesPerSeries: 0,
    };
    const sketch = { profiles: [profileSketch([{ values: [1], stackIndex: 3, attributeIndices: [1] }])] };
    expect(linesOf(convert(sketch, { limits }))).toEqual(linesOf(convert(sketch)));
  });

  it("neither stores nor rejects a profile of zeros", () => {
    const { profiles, rejections } = convertOne([{ values: [0] }]);
    expect([profiles, rejections]).toEqual([[], []]);
  });
});

describe("the head of a profile", () => {
  it.each<{ name: string; profile: JsonObject; want: object }>([
    {
      name: "time, duration and period as they are",
      profile: { durationNano: "5000000000" },
      want: { timeNanos: 1_772_445_660_000_000_000n, durationNanos: 5e9, period: 10 },
    },
    { name: "now for no time", profile: { timeUnixNano: "0" }, want: { timeNanos: 99n } },
    { name: "10 s for no duration", profile: {}, want: { durationNanos: 1e10 } },
    {
      name: "no period type without a period",
      profile: { period: "0" },
      want: { period: 0, periodType: undefined },
    },
    {
      name: "no period without its type",
      profile: { periodType: null },
      want: { period: 0, periodType: undefined },
    },
    {
      name: "no period when it is negative",
      profile: { period: "-5" },
      want: { period: 0, periodType: undefined },
    },
  ])("says $name", ({ profile, want }) => {
    expect(convertOne([{ values: [1] }], profile).profiles[0]!.head).toMatchObject(want);
  });
});

describe("spans", () => {
  it.each([
    {
      name: "both ids",
      link: { traceId: "AQIDBAUGBwgJCgsMDQ4PEA==", spanId: "ERITFBUWFxg=" },
      span: "1112131415161718",
      trace: "0102030405060708090a0b0c0d0e0f10",
    },
    {
      name: "a trace id of another length is none",
      link: { traceId: "AQID", spanId: "ERITFBUWFxg=" },
      span: "1112131415161718",
      trace: "0".repeat(32),
    },
    {
      name: "a span id of another length is none",
      link: { traceId: "AQIDBAUGBwgJCgsMDQ4PEA==", spanId: "ERI=" },
      span: "0".repeat(16),
      trace: "0102030405060708090a0b0c0d0e0f10",
    },
  ])("come of links: $name", ({ link, span, trace }) => {
    const { profiles } = convertOne([{ values: [1], linkIndex: 1 }], {}, { linkTable: [{}, link] });
    const group = profiles[0]!.groups[0]!;
    expect(Buffer.from(group.spanId!).toString("hex")).toBe(span);
    expect(Buffer.from(group.traceId!).toString("hex")).toBe(trace);
  });

  it("are absent when no sample has one", () => {
    const { profiles } = convertOne([{ values: [1] }]);
    expect(profiles[0]!.groups[0]).toMatchObject({ spanId: undefined, traceId: undefined });
  });
});

describe("the payload that identifies a profile", () => {
  const payloads = (sketch: ExportSketch): string[] =>
    convert(sketch).profiles.map(({ payload }) => Buffer.from(payload).toString("hex"));
  const profile = profileSketch([
    { stackIndex: 3, values: [1] },
    { stackIndex: 2, values: [2], linkIndex: 1 },
  ]);

  it("does not depend on how the dictionary is numbered", () => {
    const table = DICTIONARY["stackTable"] as JsonObject[];
    const renumbered = profileSketch([
      { stackIndex: 1, values: [1] },
      { stackIndex: 3, values: [2], linkIndex: 1 },
    ]);
    const dictionary = { stackTable: [{}, table[3]!, table[1]!, table[2]!] };
    expect(payloads({ profiles: [renumbered], dictionary })).toEqual(payloads({ profiles: [profile] }));
  });

  it.each<{ name: string; other: ExportSketch }>([
    {
      name: "a value",
      other: {
        profiles: [
          profileSketch([
            { stackIndex: 3, values: [1] },
            { stackIndex: 2, values: [3], linkIndex: 1 },
          ]),
        ],
      },
    },
    {
      name: "a stack",
      other: {
        profiles: [
          profileSketch([
            { stackIndex: 3, values: [1] },
            { stackIndex: 1, values: [2], linkIndex: 1 },
          ]),
        ],
      },
    },
    {
      name: "a span",
      other: {
        profiles: [
          profileSketch([
            { stackIndex: 3, values: [1] },
            { stackIndex: 2, values: [2] },
          ]),
        ],
      },
    },
    {
      name: "the resource, also where it makes no label",
      other: { profiles: [profile], resource: [{ key: "process.pid", value: { intValue: "5" } }] },
    },
  ])("differs by $name", ({ other }) => {
    expect(payloads(other)).not.toEqual(payloads({ profiles: [profile] }));
  });

  it("differs among equal profiles of one export, and not from one time to the next", () => {
    const twice = payloads({ profiles: [profile, profile] });
    expect(new Set(twice).size).toBe(2);
    expect(payloads({ profiles: [profile, profile] })).toEqual(twice);
  });
});

describe("attributes of mappings", () => {
  const ids = [
    attribute("process.executable.build_id.htlhash", { stringValue: "htl" }),
    attribute("process.executable.build_id.go", { stringValue: "go" }),
    attribute("process.executable.build_id.gnu", { stringValue: "gnu" }),
    attribute("thread.name", { stringValue: "other" }),
  ];

  it.each([
    { indexes: [1, 2, 3], want: "gnu" },
    { indexes: [1, 2, 4], want: "go" },
    { indexes: [4, 1], want: "htl" },
    { indexes: [4, 9], want: "" },
  ])("name the build $want", ({ indexes, want }) => {
    const { symbols } = convertOne(
      [{ stackIndex: 1, values: [1] }],
      {},
      { attributeTable: [{}, ...ids], mappingTable: [{}, { attributeIndices: indexes }] },
    );
    const { offsets, bytes } = symbols.strings;
    const texts = Array.from(symbols.mappings.buildId, (id) =>
      new TextDecoder().decode(bytes.subarray(offsets[id], offsets[id + 1])),
    );
    expect(texts).toEqual(["", "", want]);
  });
});

describe("many rejections", () => {
  it("are all counted, the first told one by one", () => {
    const profiles = Array.from({ length: MAX_REJECTIONS + 5 }, () => profileSketch([{ stackIndex: 9 }]));
    const { rejections, counts } = convert({ profiles });
    expect([rejections.length, rejections[7]!.index, counts.rejectedProfiles]).toEqual([
      MAX_REJECTIONS,
      7,
      MAX_REJECTIONS + 5,
    ]);
  });
});
