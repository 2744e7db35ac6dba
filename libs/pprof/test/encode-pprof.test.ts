import { exactColumnFromBigInts } from "@hearth/exact-integers";
import { decodePprof, encodePprof, type EncodePprofInput } from "@hearth/pprof";
import type { Symbols } from "@hearth/symbols";
import { describe, expect, it } from "@jest/globals";

import { toPlainProfile, type PlainProfile } from "./plain-profile.ts";

const texts = ["", "leaf", "main", "main.go", "/bin/app", "unused", "größe"];
const encoded = texts.map((text) => new TextEncoder().encode(text));

/** Two functions in `main.go`, one unused; location 1 has both (inlined), location 2 one, location 3 is not used. */
const symbols: Symbols = {
  strings: {
    bytes: Buffer.concat(encoded),
    offsets: Uint32Array.from([0, ...encoded.map((_, i) => Buffer.concat(encoded.slice(0, i + 1)).length)]),
  },
  mappings: {
    startLow: Uint32Array.of(0, 0x1000),
    startHigh: Uint32Array.of(0, 0xffff),
    limitLow: Uint32Array.of(0, 0),
    limitHigh: Uint32Array.of(0, 0x8000_0000),
    offsetLow: Uint32Array.of(0, 1),
    offsetHigh: Uint32Array.of(0, 0),
    filename: Uint32Array.of(0, 4),
    buildId: Uint32Array.of(0, 6),
    flags: Uint8Array.of(0, 0b1001),
  },
  functions: {
    name: Uint32Array.of(0, 1, 2, 5),
    systemName: Uint32Array.of(0, 1, 2, 5),
    filename: Uint32Array.of(0, 3, 3, 5),
    startLine: Int32Array.of(0, 10, -20, 30),
  },
  locations: {
    mapping: Uint32Array.of(0, 1, 0, 1),
    addressLow: Uint32Array.of(0, 0x10, 0, 0),
    addressHigh: Uint32Array.of(0, 1, 0, 0),
    firstLine: Uint32Array.of(0, 0, 2, 3, 3),
    isFolded: Uint8Array.of(0, 1, 0, 0),
  },
  lines: { functionIndex: Uint32Array.of(1, 2, 2), line: Int32Array.of(11, -22, 2 ** 31 - 1) },
  stacktraces: { parent: Uint32Array.of(0, 0, 1, 1), location: Uint32Array.of(0, 2, 1, 3) },
};

const input: EncodePprofInput = {
  symbols,
  stacktraces: Uint32Array.of(2, 1, 0),
  values: exactColumnFromBigInts([5n, 2n ** 63n - 1n, 1n]),
  sampleType: { type: "cpu", unit: "nanoseconds" },
  periodType: { type: "cpu", unit: "nanoseconds" },
  period: 10_000_000n,
  timeNanos: 1_795_405_220_123_456_789n,
  durationNanos: 0n,
  defaultSampleType: "cpu",
};

const encode = (changes: Partial<EncodePprofInput> = {}): PlainProfile =>
  toPlainProfile(decodePprof(encodePprof({ ...input, ...changes })));

describe("encodePprof", () => {
  it("writes samples leaf first, and what they use, numbered by first use", () => {
    expect(encode()).toEqual({
      strings: ["", "cpu", "nanoseconds", "/bin/app", "größe", "leaf", "main.go", "main"],
      sampleTypes: [{ type: 1, unit: 2 }],
      samples: [
        { locations: [1, 2], values: [5n], labels: [] },
        { locations: [2], values: [2n ** 63n - 1n], labels: [] },
        { locations: [], values: [1n], labels: [] },
      ],
      locations: [
        {
          mapping: 1,
          address: 0x1_0000_0010n,
          isFolded: true,
          lines: [
            { functionIndex: 1, line: 11 },
            { functionIndex: 2, line: -22 },
          ],
        },
        { mapping: 2, address: 0n, isFolded: false, lines: [{ functionIndex: 2, line: 2 ** 31 - 1 }] },
      ],
      mappings: [
        { start: 0xffff_0000_1000n, limit: 2n ** 63n, offset: 1n, filename: 3, buildId: 4, flags: 0b1001 },
        { start: 0n, limit: 0n, offset: 0n, filename: 0, buildId: 0, flags: 0 },
      ],
      functions: [
        { name: 5, systemName: 5, filename: 6, startLine: 10 },
        { name: 7, systemName: 7, filename: 6, startLine: -20 },
      ],
      periodType: { type: 1, unit: 2 },
      period: 10_000_000n,
      timeNanos: 1_795_405_220_123_456_789n,
      durationNanos: 0n,
      comments: [],
      defaultSampleType: 1,
    });
  });

  it("writes no symbols for no samples", () => {
    const profile = encode({ stacktraces: new Uint32Array(0), values: exactColumnFromBigInts([]) });
    expect(profile).toMatchObject({
      strings: ["", "cpu", "nanoseconds"],
      samples: [],
      locations: [],
      functions: [],
    });
  });

  it("leaves out a period type that is not there", () => {
    expect(encode({ periodType: undefined, defaultSampleType: "" })).toMatchObject({
      periodType: undefined,
      defaultSampleType: 0,
    });
  });

  it("writes strings that are no UTF-8 as readers accept them", () => {
    const bytes = symbols.strings.bytes.slice();
    bytes[1] = 0xff; // of "leaf"
    const written = encodePprof({
      ...input,
      symbols: { ...symbols, strings: { ...symbols.strings, bytes } },
    });
    expect(Buffer.from(written).includes("l\ufffdaf")).toBe(true);
  });

  it("writes messages of any length", () => {
    const depth = 40_000;
    const stacktraces = {
      parent: Uint32Array.from({ length: depth + 1 }, (_, i) => Math.max(i - 1, 0)),
      location: Uint32Array.from({ length: depth + 1 }, (_, i) => (i === 0 ? 0 : 1 + (i % 2))),
    };
    const profile = encode({
      symbols: { ...symbols, stacktraces },
      stacktraces: Uint32Array.of(depth, 100, 1),
      values: exactColumnFromBigInts([1n, 2n, 3n]),
    });
    expect(profile.samples.map(({ locations }) => locations.length)).toEqual([depth, 100, 1]);
  });
});
