import { InvalidArgumentError } from "@hearth/errors";
import { decodePprof, UNKNOWN } from "@hearth/pprof";
import { ProtoWriter } from "@hearth/testing";
import { describe, expect, it } from "@jest/globals";

import { toPlainProfile, type PlainProfile } from "./plain-profile.ts";

function decode(write: (out: ProtoWriter) => unknown): PlainProfile {
  const out = new ProtoWriter();
  write(out);
  return toPlainProfile(decodePprof(out.finish()));
}

const location = (id: number | bigint) => (out: ProtoWriter) => out.number(1, id);

describe("decodePprof", () => {
  it("takes an empty message for an empty profile", () => {
    expect(decode(() => undefined)).toMatchObject({
      strings: [],
      samples: [],
      timeNanos: 0n,
      periodType: undefined,
    });
  });

  it("reads the numbers of a profile", () => {
    const profile = decode((out) =>
      out
        .string(6, "")
        .string(6, "größe")
        .message(1, (type) => type.number(1, 1).number(2, 2))
        .number(9, 1_795_405_220_123_456_789n)
        .number(10, -5)
        .message(11, (type) => type.number(1, 3))
        .message(11, (type) => type.number(2, 4))
        .number(12, 10_000_000)
        .packed(13, [1, 300])
        .number(13, 7)
        .number(14, 2),
    );
    expect(profile).toEqual({
      strings: ["", "größe"],
      sampleTypes: [{ type: 1, unit: 2 }],
      samples: [],
      mappings: [],
      locations: [],
      functions: [],
      timeNanos: 1_795_405_220_123_456_789n,
      durationNanos: -5n,
      periodType: { type: 3, unit: 4 },
      period: 10_000_000n,
      comments: [1, 300, 7],
      defaultSampleType: 2,
    });
  });

  it.each([
    { name: "packed", write: (sample: ProtoWriter) => sample.packed(1, [1, 2, 3]).packed(2, [4, -5]) },
    {
      name: "one by one",
      write: (sample: ProtoWriter) =>
        sample.number(1, 1).number(2, 4).number(1, 2).number(1, 3).number(2, -5),
    },
    {
      name: "in parts, some packed",
      write: (sample: ProtoWriter) =>
        sample.packed(1, [1]).number(1, 2).packed(2, [4]).packed(1, [3]).packed(2, [-5]),
    },
  ])("reads repeated numbers $name", ({ write }) => {
    const { samples } = decode((out) =>
      out.message(2, write).message(4, location(1)).message(4, location(2)).message(4, location(3)),
    );
    expect(samples).toEqual([{ locations: [1, 2, 3], values: [4n, -5n], labels: [] }]);
  });

  it.each([
    { name: "small ids out of order", ids: [7, 3, 5] },
    { name: "sparse ids", ids: [1_000_000, 3, 70_000_000] },
    { name: "ids of 32 bits", ids: [0xff_ff_ff_ff, 0xff_ff_ff_fe, 1] },
    { name: "ids beyond 2^32", ids: [2n ** 32n + 1n, 1n, 2n ** 40n] },
    { name: "ids of 64 bits that differ in one", ids: [2n ** 64n - 1n, 2n ** 63n - 1n, 2n ** 32n - 1n] },
  ])("finds locations by id: $name", ({ ids }) => {
    const { samples } = decode((out) => {
      out.message(2, (sample) => sample.packed(1, [...ids, 0, 999, 2n ** 50n]));
      for (const id of ids) out.message(4, location(id));
    });
    expect(samples[0]!.locations).toEqual([1, 2, 3, 0, UNKNOWN, UNKNOWN]);
  });

  it("takes the later of two entries with one id", () => {
    const profile = decode((out) =>
      out
        .message(2, (sample) => sample.packed(1, [8]))
        .message(4, location(8))
        .message(4, location(8)),
    );
    expect(profile.samples[0]!.locations).toEqual([2]);
  });

  it.each([
    { ids: [1, 2], want: false },
    { ids: [1, 0], want: true },
    { ids: [2n ** 32n, 7], want: false },
  ])("says whether an entry has no id: $ids", ({ ids, want }) => {
    const out = new ProtoWriter();
    for (const id of ids)
      out.message(4, (location) => location.nonZero(1, id)).message(5, (fn) => fn.nonZero(1, id));
    const { locations, functions } = decodePprof(out.finish());
    expect([locations.hasZeroId, functions.hasZeroId]).toEqual([want, want]);
  });

  it("finds functions and mappings by id, whatever the order of the tables", () => {
    const profile = decode((out) =>
      out
        .message(4, (out) =>
          out
            .number(1, 1)
            .number(2, 2n ** 33n)
            .number(3, 0x12_3456_789an)
            .message(4, (line) => line.number(1, 60).number(2, 11))
            .message(4, (line) => line.number(1, 61).number(2, -1))
            .message(4, (line) => line.number(2, 2n ** 40n))
            .number(5, 1),
        )
        .message(5, (out) =>
          out
            .number(1, 60)
            .number(2, 1)
            .number(3, 2)
            .number(4, 3)
            .number(5, 2n ** 31n),
        )
        .message(3, (out) => out.number(1, 5))
        .message(3, (out) =>
          out
            .number(1, 2n ** 33n)
            .number(2, 4096)
            .number(3, 2n ** 63n)
            .number(4, 1)
            .number(5, 4)
            .number(6, 5),
        ),
    );
    expect(profile.locations).toEqual([
      {
        mapping: 2,
        address: 0x12_3456_789an,
        isFolded: true,
        lines: [
          { functionIndex: 1, line: 11 },
          { functionIndex: UNKNOWN, line: -1 },
          { functionIndex: 0, line: 0x7f_ff_ff_ff },
        ],
      },
    ]);
    expect(profile.functions).toEqual([{ name: 1, systemName: 2, filename: 3, startLine: 0x7f_ff_ff_ff }]);
    expect(profile.mappings[1]).toEqual({
      start: 4096n,
      limit: 2n ** 63n,
      offset: 1n,
      filename: 4,
      buildId: 5,
      flags: 0,
    });
  });

  it.each([
    { fields: [7], flags: 1 },
    { fields: [8], flags: 2 },
    { fields: [9], flags: 4 },
    { fields: [10], flags: 8 },
    { fields: [7, 8, 9, 10], flags: 15 },
  ])("reads a mapping's flags $fields", ({ fields, flags }) => {
    const { mappings } = decode((out) =>
      out.message(3, (mapping) => {
        for (const field of fields) mapping.number(field, 1);
      }),
    );
    expect(mappings[0]!.flags).toBe(flags);
  });

  it.each([
    0n,
    1n,
    127n,
    128n,
    2n ** 32n,
    2n ** 52n - 1n,
    2n ** 52n,
    2n ** 53n + 1n,
    2n ** 63n - 1n,
    -1n,
    -(2n ** 40n),
  ])("keeps the value %p to the last digit", (value) => {
    const { samples } = decode((out) => out.message(2, (sample) => sample.packed(2, [1, value, 2])));
    expect(samples[0]!.values).toEqual([1n, value, 2n]);
  });

  it("says of every negative value that it is below zero", () => {
    const smallest = new ProtoWriter().message(2, (sample) => sample.packed(2, [-(2n ** 63n)])).finish();
    expect(decodePprof(smallest).samples.value.low[0]).toBe(-(2 ** 63));
  });

  it("reads labels of samples", () => {
    const { samples } = decode((out) =>
      out
        .message(2, (sample) =>
          sample
            .message(3, (label) => label.number(1, 1).number(2, 2))
            .message(3, (label) => label.number(1, 3).number(3, -7).number(4, 4)),
        )
        .message(2, (sample) => sample.packed(2, [1]))
        .message(2, (sample) => sample.message(3, (label) => label.number(1, 2n ** 40n).number(2, -1))),
    );
    expect(samples.map(({ labels }) => labels)).toEqual([
      [
        { key: 1, text: 2, number: 0n, numberUnit: 0 },
        { key: 3, text: 0, number: -7n, numberUnit: 4 },
      ],
      [],
      [{ key: UNKNOWN, text: UNKNOWN, number: 0n, numberUnit: 0 }],
    ]);
  });

  it("steps over fields it does not know, of every wire type, at every level", () => {
    const unknown = (out: ProtoWriter): ProtoWriter =>
      out
        .number(100, 2n ** 64n - 1n)
        .bytes(101, Uint8Array.of(1, 2, 3))
        .varint(102 * 8 + 1)
        .raw(new Uint8Array(8))
        .varint(103 * 8 + 5)
        .raw(new Uint8Array(4))
        .varint(104 * 8 + 3)
        .number(1, 1)
        .varint(105 * 8 + 3)
        .varint(105 * 8 + 4)
        .varint(104 * 8 + 4);
    const profile = decode((out) => {
      unknown(out);
      out.message(1, (type) => unknown(type).number(1, 1));
      out.message(2, (sample) =>
        unknown(sample)
          .message(3, (label) => unknown(label).number(1, 1))
          .packed(1, [1]),
      );
      out.message(3, (mapping) => unknown(mapping).number(1, 1));
      out.message(4, (location) =>
        unknown(location)
          .number(1, 1)
          .message(4, (line) => unknown(line).number(1, 1)),
      );
      out.message(5, (fn) => unknown(fn).number(1, 1).number(2, 1));
      unknown(out).string(6, "");
    });
    expect(profile).toMatchObject({
      strings: [""],
      sampleTypes: [{ type: 1, unit: 0 }],
      samples: [{ locations: [1], labels: [{ key: 1 }] }],
      mappings: [{ start: 0n }],
      locations: [{ lines: [{ functionIndex: 1 }] }],
      functions: [{ name: 1 }],
    });
  });

  it("takes a known field of a wrong wire type for an unknown one", () => {
    expect(decode((out) => out.string(9, "noon").number(6, 1)).strings).toEqual([]);
  });
});

describe("decodePprof refuses", () => {
  const sample = (content: number[]): number[] => [0x12, content.length, ...content];

  it.each([
    { name: "a tag without a value", bytes: [0x48] },
    { name: "a length beyond the input", bytes: [0x12, 5, 1] },
    { name: "a length beyond 32 bits", bytes: [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01] },
    {
      name: "packed numbers that reach beyond their message",
      bytes: [...sample([0x0a, 9, 1]), 1, 1, 1, 1, 1, 1, 1, 1, 1],
    },
    { name: "a number cut off by its message's end", bytes: [...sample([0x0a, 1, 0x80]), 0x48, 1] },
    { name: "a number cut off by the input's end", bytes: sample([0x0a, 1, 0x80]) },
    { name: "a number of eleven bytes", bytes: [0x48, ...Array<number>(10).fill(0x80), 0] },
    { name: "field number 0", bytes: [0x02, 0] },
    { name: "a wire type that does not exist", bytes: [0x0e, 0] },
    { name: "a group that has no end", bytes: [0x63] },
    { name: "a group that ends without a beginning", bytes: [0x64] },
    { name: "eight bytes where there are three", bytes: [0x61, 1, 2, 3] },
    { name: "groups in groups", bytes: Array<number>(200).fill(0x63) },
  ])("$name", ({ bytes }) => {
    expect(() => decodePprof(Uint8Array.from(bytes))).toThrow(InvalidArgumentError);
  });

  it.each([
    { name: "sample types", field: 1 },
    { name: "samples", field: 2 },
    { name: "mappings", field: 3 },
    { name: "locations", field: 4 },
    { name: "functions", field: 5 },
  ])("a bomb of empty $name", ({ field }) => {
    const bytes = new Uint8Array(1_000_000);
    for (let i = 0; i < bytes.length; i += 2) bytes[i] = field * 8 + 2;
    expect(() => decodePprof(bytes)).toThrow("too many entries");
  });
});

describe("decodePprof with repairFunctionIds", () => {
  const profile = (functionIds: number[]): Uint8Array => {
    const out = new ProtoWriter();
    for (const id of [7, 9])
      out.message(4, (location) => location.number(1, id).message(4, (line) => line.number(1, id)));
    for (const id of functionIds) out.message(5, (fn) => fn.nonZero(1, id));
    return out.finish();
  };

  it.each([
    { name: "gives functions without ids those of the locations", functionIds: [0, 0], want: [1, 2] },
    { name: "leaves functions that have ids", functionIds: [9, 0], want: [UNKNOWN, 1] },
    { name: "leaves functions that are not as many", functionIds: [0], want: [UNKNOWN, UNKNOWN] },
  ])("$name", ({ functionIds, want }) => {
    const { lines } = decodePprof(profile(functionIds), { repairFunctionIds: true });
    expect([...lines.functionIndex]).toEqual(want);
  });
});
