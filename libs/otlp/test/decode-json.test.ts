import { InvalidArgumentError } from "@hearth/errors";
import { describe, expect, it } from "@jest/globals";
import { decodeOtlpExportJson, OUT_OF_RANGE, type OtlpExport } from "../src/index.ts";
import { exportSketch, profileSketch } from "./sketch.ts";

function decodeLink(link: Readonly<Record<string, string>>): string {
  const { links } = decodeOtlpExportJson(JSON.stringify({ dictionary: { linkTable: [link] } })).dictionary;
  return `${Buffer.from(links[0]!.traceId).toString("hex")} ${Buffer.from(links[0]!.spanId).toString("hex")}`;
}

/** An export of one profile, written by hand into `profile`. */
function decodeProfile(profile: string): OtlpExport {
  return decodeOtlpExportJson(
    `{"resourceProfiles":[{"scopeProfiles":[{"profiles":[${profile}]}]}],"dictionary":{}}`,
  );
}

describe("decodeOtlpExportJson", () => {
  it.each([
    { name: "hex", traceId: "0102030405060708090a0b0c0d0e0f10", spanId: "1112131415161718" },
    { name: "hex in capitals", traceId: "0102030405060708090A0B0C0D0E0F10", spanId: "1112131415161718" },
    { name: "base64", traceId: "AQIDBAUGBwgJCgsMDQ4PEA==", spanId: "ERITFBUWFxg=" },
    { name: "base64 for addresses", traceId: "AQIDBAUGBwgJCgsMDQ4PEA", spanId: "ERITFBUWFxg" },
  ])("takes ids in $name", ({ traceId, spanId }) => {
    expect(decodeLink({ traceId, spanId })).toBe("0102030405060708090a0b0c0d0e0f10 1112131415161718");
  });

  it("takes names as the .proto has them", () => {
    const { resources, samples, dictionary } = decodeOtlpExportJson(
      JSON.stringify({
        resource_profiles: [
          {
            resource: { attributes: [{ key_strindex: 1, value: { string_value_strindex: 2 } }] },
            scope_profiles: [
              {
                profiles: [
                  { time_unix_nano: "5", samples: [{ stack_index: 1, timestamps_unix_nano: ["1", "2"] }] },
                ],
              },
            ],
          },
        ],
        dictionary: { string_table: ["", "k", "v"], stack_table: [{ location_indices: [1] }] },
      }),
    );
    expect(resources[0]!.attributes).toEqual([{ key: "", keyIndex: 1, value: 2 }]);
    expect(resources[0]!.scopes[0]!.profiles[0]!.timeUnixNanos).toBe(5n);
    expect([samples.stack[0], samples.timestampCount[0]]).toEqual([1, 2]);
    expect([dictionary.strings.count, dictionary.stacks.count]).toEqual([3, 1]);
  });

  it("takes the names of OTLP 1.8, in which samples and lines were singular", () => {
    const exported = decodeOtlpExportJson(
      JSON.stringify({
        resourceProfiles: [{ scopeProfiles: [{ profiles: [{ sample: [{ values: ["3"] }] }] }] }],
        dictionary: { locationTable: [{}, { line: [{ functionIndex: 4, line: 2 }] }] },
      }),
    );
    expect(exported.samples.value[0]).toBe(3);
    expect([...exported.dictionary.locations.lineFunction]).toEqual([4]);
  });

  it("ignores unknown fields and takes null for absent", () => {
    const request = { ...exportSketch({ profiles: [profileSketch([{ values: [1] }])] }), more: { any: [1] } };
    const text = JSON.stringify(request).replace('"samples"', '"period_type":null,"news":1,"samples"');
    expect(decodeOtlpExportJson(text).samples.count).toBe(1);
  });

  it("takes bytes as well as text", () => {
    expect(decodeOtlpExportJson(Buffer.from("{}")).resources).toEqual([]);
  });

  it.each([
    { written: '"1772445660000000001"', want: 1_772_445_660_000_000_001n },
    { written: "1772445660000000001", want: 1_772_445_660_000_000_001n },
    { written: "18446744073709551615", want: 2n ** 64n - 1n },
    { written: "0", want: 0n },
  ])("keeps every digit of 64-bit numbers: $written", ({ written, want }) => {
    const { resources } = decodeProfile(`{"timeUnixNano": ${written}}`);
    expect(resources[0]!.scopes[0]!.profiles[0]!.timeUnixNanos).toBe(want);
  });

  it("adds up values beyond 2^53", () => {
    const { samples } = decodeProfile(
      '{"samples":[{"values":["9007199254740993", 9007199254740993, "-2"]}]}',
    );
    expect(samples.wideValue.get(0)).toBe(2n * 9_007_199_254_740_993n - 2n);
  });

  it("keeps indexes that cannot be as out of range", () => {
    const { samples } = decodeProfile('{"samples":[{"stackIndex":-1},{"stackIndex":4294967296}]}');
    expect([...samples.stack]).toEqual([OUT_OF_RANGE, OUT_OF_RANGE]);
  });

  it.each([
    { name: "no JSON", text: "{" },
    { name: "no object", text: "[]" },
    { name: "null", text: "null" },
    { name: "nested too deeply", text: "[".repeat(200_000) },
    { name: "a list that is none", text: '{"resourceProfiles": {}}' },
    { name: "an entry that is none", text: '{"resourceProfiles": [3]}' },
    { name: "a text that is none", text: '{"dictionary": {"stringTable": [5]}}' },
    { name: "a fraction for an integer", text: '{"dictionary": {"mappingTable": [{"memoryStart": 1.5}]}}' },
    { name: "words for a number", text: '{"dictionary": {"mappingTable": [{"memoryStart": "many"}]}}' },
    { name: "an id in another spelling", text: '{"dictionary": {"linkTable": [{"spanId": "§§"}]}}' },
  ])("refuses what is not such a message: $name", ({ text }) => {
    expect(() => decodeOtlpExportJson(text)).toThrow(InvalidArgumentError);
  });

  it.each([
    {
      name: "OTLP 1.6 and earlier: no dictionary",
      text: '{"resourceProfiles":[{"scopeProfiles":[{"profiles":[{}]}]}]}',
    },
    {
      name: "OTLP 1.7: several sample types",
      text: '{"resourceProfiles":[{"scopeProfiles":[{"profiles":[{"sampleType":[{}]}]}]}],"dictionary":{}}',
    },
    {
      name: "OTLP 1.7: locations in the profile",
      text: '{"resourceProfiles":[{"scopeProfiles":[{"profiles":[{"locationIndices":[1]}]}]}],"dictionary":{}}',
    },
  ])("names the release that is needed: $name", ({ text }) => {
    expect(() => decodeOtlpExportJson(text)).toThrow(/OTLP 1\.10 or later/);
  });
});
