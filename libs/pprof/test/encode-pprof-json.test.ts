import { fromBinary, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { exactColumnFromBigInts } from "@hearth/exact-integers";
import { encodePprof, encodePprofJson, type EncodePprofInput } from "@hearth/pprof";
import { ProfileSchema } from "@hearth/proto/google/v1";
import type { Symbols } from "@hearth/symbols";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

const word = fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 0xffff_ffff }), fc.constant(0xffff_ffff));
const signed = fc.oneof(fc.constant(0), fc.integer());
const string = fc.oneof(
  fc.string({ unit: "grapheme" }).map((text) => Buffer.from(text)),
  fc.constantFrom('"', "\\", "\n", "\u0000", "\u007f", "\u2028", "\ufeffx").map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 4 }),
);

/** As many columns of a table as it has names, each with the empty entry first. */
function table<K extends string>(
  names: readonly K[],
  value: fc.Arbitrary<number>,
): fc.Arbitrary<Record<K, number>[]> {
  const row = fc.record(Object.fromEntries(names.map((name) => [name, value])));
  return fc.array(row as fc.Arbitrary<Record<K, number>>, { maxLength: 5 });
}

const rows = fc.record({
  strings: fc.array(string, { maxLength: 6 }),
  mappings: table(
    [
      "startLow",
      "startHigh",
      "limitLow",
      "limitHigh",
      "offsetLow",
      "offsetHigh",
      "filename",
      "buildId",
      "flags",
    ],
    word,
  ),
  functions: table(["name", "systemName", "filename", "startLine"], signed),
  locations: table(["mapping", "addressLow", "addressHigh", "isFolded"], word),
  lines: fc.array(fc.array(fc.record({ functionIndex: word, line: signed }), { maxLength: 3 }), {
    maxLength: 5,
  }),
  stacktraces: table(["parent", "location"], word),
  samples: fc.array(fc.record({ stack: word, value: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }) }), {
    maxLength: 8,
  }),
});
type Rows = typeof rows extends fc.Arbitrary<infer T> ? T : never;

function symbolsOf(of: Rows): Symbols {
  const modulo = (values: readonly number[], count: number): Uint32Array =>
    Uint32Array.of(0, ...values.map((value) => Math.abs(value) % count));
  const stringCount = of.strings.length + 1;
  const lines = of.locations.map((_, index) => of.lines[index] ?? []);
  const column = <K extends string>(rowsOf: readonly Record<K, number>[], name: K): number[] =>
    rowsOf.map((row) => row[name]);
  const plain = <K extends string>(rowsOf: readonly Record<K, number>[], name: K): Uint32Array =>
    Uint32Array.of(0, ...column(rowsOf, name));
  return {
    strings: {
      bytes: Buffer.concat(of.strings),
      offsets: Uint32Array.of(
        0,
        0,
        ...of.strings.map((_, i) => Buffer.concat(of.strings.slice(0, i + 1)).length),
      ),
    },
    mappings: {
      startLow: plain(of.mappings, "startLow"),
      startHigh: plain(of.mappings, "startHigh"),
      limitLow: plain(of.mappings, "limitLow"),
      limitHigh: plain(of.mappings, "limitHigh"),
      offsetLow: plain(of.mappings, "offsetLow"),
      offsetHigh: plain(of.mappings, "offsetHigh"),
      filename: modulo(column(of.mappings, "filename"), stringCount),
      buildId: modulo(column(of.mappings, "buildId"), stringCount),
      flags: Uint8Array.from(modulo(column(of.mappings, "flags"), 16)),
    },
    functions: {
      name: modulo(column(of.functions, "name"), stringCount),
      systemName: modulo(column(of.functions, "systemName"), stringCount),
      filename: modulo(column(of.functions, "filename"), stringCount),
      startLine: Int32Array.of(0, ...column(of.functions, "startLine")),
    },
    locations: {
      mapping: modulo(column(of.locations, "mapping"), of.mappings.length + 1),
      addressLow: plain(of.locations, "addressLow"),
      addressHigh: plain(of.locations, "addressHigh"),
      firstLine: Uint32Array.of(0, 0, ...lines.map((_, index) => lines.slice(0, index + 1).flat().length)),
      isFolded: Uint8Array.from(modulo(column(of.locations, "isFolded"), 2)),
    },
    lines: {
      functionIndex: modulo(column(lines.flat(), "functionIndex"), of.functions.length + 1).slice(1),
      line: Int32Array.from(column(lines.flat(), "line")),
    },
    stacktraces: {
      parent: Uint32Array.of(
        0,
        ...column(of.stacktraces, "parent").map((parent, index) => parent % (index + 1)),
      ),
      location: modulo(column(of.stacktraces, "location"), of.locations.length + 1),
    },
  };
}

const texts = fc.constantFrom("", "cpu", "nanoseconds", '"größe"');
const typeAndUnit = fc.record({ type: texts, unit: texts });
const inputs: fc.Arbitrary<EncodePprofInput> = fc
  .record({
    rows,
    sampleType: typeAndUnit,
    periodType: fc.option(typeAndUnit, { nil: undefined }),
    defaultSampleType: texts,
    period: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    timeNanos: fc.constantFrom(0n, 1_795_405_220_123_456_789n),
    durationNanos: fc.constantFrom(0n, 15n),
  })
  .map(({ rows: of, ...head }) => ({
    ...head,
    symbols: symbolsOf(of),
    stacktraces: Uint32Array.from(of.samples, ({ stack }) => stack % (of.stacktraces.length + 1)),
    values: exactColumnFromBigInts(of.samples.map(({ value }) => value)),
  }));

describe("encodePprofJson", () => {
  it("writes, byte for byte, what protobuf's JSON of encodePprof is", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const profile = fromBinary(ProfileSchema, encodePprof(input));
        expect(Buffer.from(encodePprofJson(input)).toString()).toBe(toJsonString(ProfileSchema, profile));
      }),
      { numRuns: 500 },
    );
  });

  it("keeps values that a double cannot hold", () => {
    const values = [1n, 2n ** 31n, 2n ** 52n, 2n ** 53n + 1n, 2n ** 63n - 1n];
    const input = {
      symbols: symbolsOf({
        strings: [],
        mappings: [],
        functions: [],
        locations: [],
        lines: [],
        stacktraces: [],
        samples: [],
      }),
      stacktraces: new Uint32Array(values.length),
      values: exactColumnFromBigInts(values),
      sampleType: { type: "cpu", unit: "nanoseconds" },
      period: 0n,
      timeNanos: 0n,
      durationNanos: 0n,
    };
    const { sample } = fromJsonString(ProfileSchema, Buffer.from(encodePprofJson(input)).toString());
    expect(sample.map(({ value }) => value)).toEqual(values.map((value) => [value]));
  });
});
