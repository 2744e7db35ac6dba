import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { decodePprof, gunzipBounded, UNKNOWN } from "@hearth/pprof";
import { ProfileSchema, type Profile } from "@hearth/proto/google/v1";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { fixtures } from "./fixtures.ts";
import { toPlainProfile, type PlainProfile } from "./plain-profile.ts";

/** The slow, obvious model: generated classes, and a map for each table. */
function modelProfile(message: Profile): PlainProfile {
  const mappings = numbering(message.mapping);
  const locations = numbering(message.location);
  const functions = numbering(message.function);
  return {
    strings: message.stringTable,
    sampleTypes: message.sampleType.map(({ type, unit }) => ({ type: index(type), unit: index(unit) })),
    samples: message.sample.map((sample) => ({
      locations: sample.locationId.map(locations),
      values: sample.value,
      labels: sample.label.map(({ key, str, num, numUnit }) => ({
        key: index(key),
        text: index(str),
        number: num,
        numberUnit: index(numUnit),
      })),
    })),
    mappings: message.mapping.map((mapping) => ({
      start: mapping.memoryStart,
      limit: mapping.memoryLimit,
      offset: mapping.fileOffset,
      filename: index(mapping.filename),
      buildId: index(mapping.buildId),
      flags:
        (mapping.hasFunctions ? 1 : 0) +
        (mapping.hasFilenames ? 2 : 0) +
        (mapping.hasLineNumbers ? 4 : 0) +
        (mapping.hasInlineFrames ? 8 : 0),
    })),
    locations: message.location.map((location) => ({
      mapping: mappings(location.mappingId),
      address: location.address,
      isFolded: location.isFolded,
      lines: location.line.map(({ functionId, line }) => ({
        functionIndex: functions(functionId),
        line: clamp(line),
      })),
    })),
    functions: message.function.map((fn) => ({
      name: index(fn.name),
      systemName: index(fn.systemName),
      filename: index(fn.filename),
      startLine: clamp(fn.startLine),
    })),
    periodType: message.periodType && {
      type: index(message.periodType.type),
      unit: index(message.periodType.unit),
    },
    period: message.period,
    timeNanos: message.timeNanos,
    durationNanos: message.durationNanos,
    comments: message.comment.map(index),
    defaultSampleType: index(message.defaultSampleType),
  };
}

function numbering(entries: readonly { readonly id: bigint }[]): (id: bigint) => number {
  const numbers = new Map(entries.map(({ id }, i) => [id, i + 1]));
  numbers.set(0n, 0);
  return (id) => numbers.get(id) ?? UNKNOWN;
}

const index = (value: bigint): number => (value < 0n || value >= 2n ** 32n ? UNKNOWN : Number(value));

function clamp(value: bigint): number {
  if (value > 0x7f_ff_ff_ffn) return 0x7f_ff_ff_ff;
  return value < -0x80_00_00_00n ? -0x80_00_00_00 : Number(value);
}

const decoded = (bytes: Uint8Array): PlainProfile => toPlainProfile(decodePprof(bytes));

describe("decodePprof agrees with the generated classes", () => {
  it.each(fixtures)("on $name", ({ body }) => {
    const bytes = gunzipBounded(body, { maxSizeBytes: 1 << 22 });
    expect(decoded(bytes)).toEqual(modelProfile(fromBinary(ProfileSchema, bytes)));
  });

  const reference = fc.oneof(fc.bigInt(0n, 20n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));
  const id = fc.oneof(fc.bigInt(0n, 6n), fc.constantFrom(2n ** 32n, 2n ** 32n + 1n, 2n ** 64n - 1n));
  const int64 = fc.oneof(fc.bigInt(0n, 300n), fc.bigInt(-(2n ** 52n), 2n ** 63n - 1n));
  const uint64 = fc.oneof(fc.bigInt(0n, 2n ** 20n), fc.bigInt(0n, 2n ** 64n - 1n));
  const valueType = fc.record({ type: reference, unit: reference });
  const list = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { maxLength: 8 });
  const profile: fc.Arbitrary<MessageInitShape<typeof ProfileSchema>> = fc.record(
    {
      sampleType: list(valueType),
      sample: list(
        fc.record({
          locationId: list(id),
          value: list(int64),
          label: list(fc.record({ key: reference, str: reference, num: int64, numUnit: reference })),
        }),
      ),
      mapping: list(
        fc.record({
          id,
          memoryStart: uint64,
          memoryLimit: uint64,
          fileOffset: uint64,
          filename: reference,
          buildId: reference,
          hasFunctions: fc.boolean(),
          hasFilenames: fc.boolean(),
          hasLineNumbers: fc.boolean(),
          hasInlineFrames: fc.boolean(),
        }),
      ),
      location: list(
        fc.record({
          id,
          mappingId: id,
          address: uint64,
          line: list(fc.record({ functionId: id, line: int64 })),
          isFolded: fc.boolean(),
        }),
      ),
      function: list(
        fc.record({ id, name: reference, systemName: reference, filename: reference, startLine: int64 }),
      ),
      stringTable: list(fc.string({ unit: "grapheme" })),
      timeNanos: int64,
      durationNanos: int64,
      periodType: valueType,
      period: int64,
      comment: list(reference),
      defaultSampleType: reference,
    },
    { requiredKeys: [] },
  );

  it("on any profile", () => {
    fc.assert(
      fc.property(profile, (init) => {
        const bytes = toBinary(ProfileSchema, create(ProfileSchema, init));
        expect(decoded(bytes)).toEqual(modelProfile(fromBinary(ProfileSchema, bytes)));
      }),
      { numRuns: 300 },
    );
  });
});
