import { InvalidArgumentError } from "@hearth/errors";
import { ProtoWriter } from "@hearth/testing";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decodeOtlpExport, decodeOtlpExportJson } from "../src/index.ts";
import { encodeCurrent, encodeEarlier, exportSketch, profileSketch, type SampleSketch } from "./sketch.ts";

/** Columns are views over larger arrays, ids are views of different kinds: compares what they hold. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array);
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (typeof value !== "object" || value === null || value instanceof Map) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

const anyValue = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
/** Entries of the table of attributes in a sketch. */
const ATTRIBUTES = 5;

const anySample: fc.Arbitrary<SampleSketch> = fc.record({
  stackIndex: fc.nat(3),
  attributeIndices: fc.array(fc.nat(4), { maxLength: 3 }),
  linkIndex: fc.nat(1),
  values: fc.array(
    anyValue.map((value) => value.toString()),
    { minLength: 1, maxLength: 3 },
  ),
  timestampsUnixNano: fc.array(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((time) => time.toString()),
    { maxLength: 3 },
  ),
});
const anySamples = fc.array(fc.array(anySample, { maxLength: 4 }), { maxLength: 3 });
const requestOf = (profiles: readonly SampleSketch[][]) =>
  exportSketch({ profiles: profiles.map((samples) => profileSketch(samples)) });
const anyRequest = anySamples.map(requestOf);

/** Whether a sample of the earlier layout has the very bytes of one of the current: its values could be attributes of the table. */
function isAmbiguous({ attributeIndices, linkIndex, values, timestampsUnixNano }: SampleSketch): boolean {
  const couldBeAttributes = (values ?? []).every((value) => {
    const index = Number(BigInt.asUintN(32, BigInt(value)));
    return index > 0 && index < ATTRIBUTES;
  });
  const isBare = (attributeIndices ?? []).length === 0 && linkIndex === 0;
  return isBare && (timestampsUnixNano ?? []).length > 0 && couldBeAttributes;
}

describe("decodeOtlpExport", () => {
  it("reads of binary what it reads of JSON", () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const wanted = plain(decodeOtlpExportJson(JSON.stringify(request)));
        expect(plain(decodeOtlpExport(encodeCurrent(request)))).toEqual(wanted);
      }),
    );
  });

  it("reads the layout of OTLP 1.8 and 1.9 as that of 1.10", () => {
    fc.assert(
      fc.property(anySamples, (profiles) => {
        // A message all of whose samples are ambiguous is taken for one of the current layout.
        fc.pre(!profiles.flat().every(isAmbiguous));
        const request = requestOf(profiles);
        const wanted = plain(decodeOtlpExport(encodeCurrent(request)));
        expect(plain(decodeOtlpExport(encodeEarlier(request)))).toEqual(wanted);
      }),
    );
  });

  it("steps over fields that it does not know, in every message", () => {
    const unknown = new ProtoWriter().number(99, 7).bytes(98, new Uint8Array(3)).finish();
    const nest = (...path: readonly number[]): Uint8Array =>
      path.reduceRight<Uint8Array>(
        (content, field) => new ProtoWriter().bytes(field, content).finish(),
        unknown,
      );
    const paths = [
      [],
      [1],
      [1, 1],
      [1, 1, 1],
      [1, 1, 1, 2],
      [1, 2],
      [1, 2, 1],
      [1, 2, 2],
      [1, 2, 2, 2],
      [2],
      [2, 7],
    ];
    const bytes = Buffer.concat([nest(2, 1), ...paths.map((path) => nest(...path))]);
    expect(decodeOtlpExport(bytes).samples.count).toBe(1);
  });

  it("reads numbers of lists that are not packed", () => {
    const bytes = new ProtoWriter()
      .message(1, (resource) =>
        resource.message(2, (scope) =>
          scope.message(2, (profile) =>
            profile.message(2, (sample) =>
              sample.number(1, 1).number(2, 1).number(3, 1).number(4, 5).number(4, 6).number(2, 2),
            ),
          ),
        ),
      )
      .message(2, (dictionary) =>
        dictionary.string(5, "").message(7, (stack) => stack.number(1, 3).number(1, 4)),
      )
      .finish();
    const { samples, dictionary } = decodeOtlpExport(bytes);
    expect([...samples.attribute]).toEqual([1, 2]);
    expect(samples.value[0]).toBe(11);
    expect([...dictionary.stacks.location]).toEqual([3, 4]);
  });

  it("reads an empty request as an export of nothing", () => {
    expect(decodeOtlpExport(new Uint8Array(0)).resources).toEqual([]);
  });

  it("replaces what is not UTF-8 in strings, and keeps the others", () => {
    const bytes = new ProtoWriter()
      .message(2, (dictionary) =>
        dictionary.string(5, "").bytes(5, Uint8Array.of(0x61, 0xff)).string(5, "größe"),
      )
      .finish();
    const { strings } = decodeOtlpExport(bytes).dictionary;
    expect(new TextDecoder().decode(strings.bytes)).toBe("a\u{fffd}größe");
    expect([...strings.offsets]).toEqual([0, 0, 4, 11]);
  });
});

describe("the layout of samples without fields 3 and 4", () => {
  const sampleOf = (write: (sample: ProtoWriter) => ProtoWriter): Uint8Array =>
    new ProtoWriter()
      .message(1, (resource) =>
        resource.message(2, (scope) => scope.message(2, (profile) => profile.message(2, write))),
      )
      .message(2, (dictionary) =>
        dictionary.message(6, (empty) => empty).message(6, (entry) => entry.number(1, 1)),
      )
      .finish();
  const timestamps = new Uint8Array(16);

  it.each([
    {
      name: "a number in field 4 beside nothing else is a value that was not packed",
      bytes: sampleOf((s) => s.number(1, 1).number(4, 1)),
      values: 1,
      attributes: 0,
    },
    {
      name: "a number in field 4 beyond the links is a value that was not packed",
      bytes: sampleOf((s) => s.packed(2, [1]).number(4, 10_000_000)),
      values: 1,
      attributes: 1,
    },
    { name: "field 2 alone is values", bytes: sampleOf((s) => s.packed(2, [1])), values: 1, attributes: 0 },
    {
      name: "field 2 with timestamps is attributes when the table has them",
      bytes: sampleOf((s) => s.packed(2, [1]).bytes(5, timestamps)),
      values: 0,
      attributes: 1,
    },
    {
      name: "field 2 with timestamps is values when the table has no such attributes",
      bytes: sampleOf((s) => s.packed(2, [1, 2]).bytes(5, timestamps)),
      values: 2,
      attributes: 0,
    },
    {
      name: "field 2 with timestamps is values when one is 0",
      bytes: sampleOf((s) => s.packed(2, [1, 0]).bytes(5, timestamps)),
      values: 2,
      attributes: 0,
    },
    {
      name: "timestamps alone say nothing",
      bytes: sampleOf((s) => s.bytes(5, timestamps)),
      values: 0,
      attributes: 0,
    },
  ])("$name", ({ bytes, values, attributes }) => {
    const { samples } = decodeOtlpExport(bytes);
    expect({ values: samples.valueCount[0], attributes: samples.attribute.length }).toEqual({
      values,
      attributes,
    });
  });
});

describe("refusals", () => {
  const profile = (write: (profile: ProtoWriter) => ProtoWriter): Uint8Array =>
    new ProtoWriter()
      .message(1, (resource) => resource.message(2, (scope) => scope.message(2, write)))
      .message(2, (dictionary) => dictionary.string(5, ""))
      .finish();
  const withoutDictionary = new ProtoWriter()
    .message(1, (resource) =>
      resource.message(2, (scope) => scope.message(2, (p) => p.message(1, (type) => type))),
    )
    .finish();

  it.each([
    { name: "OTLP 1.6 and earlier: no dictionary", bytes: withoutDictionary },
    { name: "OTLP 1.7: locations in the profile", bytes: profile((p) => p.packed(3, [1, 2])) },
    { name: "OTLP 1.7: duration in field 5", bytes: profile((p) => p.number(5, 10)) },
    {
      name: "OTLP 1.7: period type in field 6",
      bytes: profile((p) => p.message(6, (type) => type.number(1, 1))),
    },
  ])("names the release that is needed: $name", ({ bytes }) => {
    expect(() => decodeOtlpExport(bytes)).toThrow(InvalidArgumentError);
    expect(() => decodeOtlpExport(bytes)).toThrow(/OTLP 1\.10 or later/);
  });

  it.each([
    {
      name: "cut off",
      bytes: encodeCurrent(exportSketch({ profiles: [profileSketch([{ values: [1] }])] })).subarray(0, -1),
    },
    { name: "a length beyond the message", bytes: Uint8Array.of(0x0a, 0x05, 0x12) },
    { name: "a number without end", bytes: new Uint8Array(12).fill(0xff) },
    { name: "field number 0", bytes: Uint8Array.of(0x00, 0x00) },
    { name: "a wire type that does not exist", bytes: Uint8Array.of(0x0f) },
    { name: "a group that ends unopened", bytes: Uint8Array.of(0x1c) },
    {
      name: "a timestamp cut off",
      bytes: profile((p) => p.message(2, (s) => s.number(1, 1).bytes(5, new Uint8Array(7)))),
    },
    { name: "JSON", bytes: Buffer.from('{"resourceProfiles": []}') },
  ])("refuses what is not such a message: $name", ({ bytes }) => {
    expect(() => decodeOtlpExport(bytes)).toThrow(InvalidArgumentError);
  });

  it("refuses more entries than so many bytes can really hold", () => {
    const dictionary = new Uint8Array(100_000).map((_, i) => (i % 2 === 0 ? 0x12 : 0)); // empty locations
    const bytes = new ProtoWriter().bytes(2, dictionary).finish();
    expect(() => decodeOtlpExport(bytes)).toThrow(/too many entries/);
  });

  it.each([
    { limits: { maxEntryCount: 10, maxListedCount: 100 }, want: /too many entries/ },
    { limits: { maxEntryCount: 100, maxListedCount: 3 }, want: /lists are too long/ },
  ])("holds both encodings to limits: $want", ({ limits, want }) => {
    const request = exportSketch({ profiles: [profileSketch([{ values: [1] }])] });
    expect(() => decodeOtlpExport(encodeCurrent(request), limits)).toThrow(want);
    expect(() => decodeOtlpExportJson(JSON.stringify(request), limits)).toThrow(want);
  });
});
