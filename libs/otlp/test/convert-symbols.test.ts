import type { JsonObject } from "@bufbuild/protobuf";
import { checkSymbols, stringAt, type Symbols } from "@hearth/symbols";
import { describe, expect, it } from "@jest/globals";
import {
  convertOtlpExport,
  decodeOtlpExport,
  DEFAULT_CONVERT_LIMITS,
  type ConvertedExport,
  type ConvertLimits,
} from "../src/index.ts";
import { framesOf } from "./readable.ts";
import { encodeCurrent, exportSketch, profileSketch } from "./sketch.ts";

function convert(dictionary: JsonObject, limits: Partial<ConvertLimits> = {}): ConvertedExport {
  const count = (dictionary["stackTable"] as JsonObject[]).length;
  const samples = Array.from({ length: count }, (_, stackIndex) => ({ stackIndex, values: [1] }));
  const request = exportSketch({ profiles: [profileSketch(samples)], dictionary });
  const converted = convertOtlpExport(decodeOtlpExport(encodeCurrent(request)), {
    nowNanos: 0n,
    limits: { ...DEFAULT_CONVERT_LIMITS, ...limits },
  });
  checkSymbols(converted.symbols);
  expect(converted.rejections).toEqual([]);
  return converted;
}

/** Frames of the stack of each sample, root first. */
function stacksOf({ profiles, symbols }: ConvertedExport): string[] {
  const { count, stacktrace } = profiles[0]!.groups[0]!;
  return Array.from({ length: count }, (_, i) => framesOf(symbols, stacktrace[i]!).join(";"));
}

/** `file flags start` of each mapping but the empty one. */
function mappingsOf({ strings, mappings }: Symbols): string[] {
  return Array.from(mappings.flags, (flags, i) =>
    `${stringAt(strings, mappings.filename[i]!)} ${flags} ${mappings.startLow[i]}`.trim(),
  ).slice(1);
}

const line = (functionIndex: number, number: number): JsonObject => ({ functionIndex, line: number });
const mapping = { memoryStart: "4096", memoryLimit: "8192", fileOffset: "1", filenameStrindex: 9 };

describe("stacks", () => {
  it("keep inlined calls, innermost first in a location", () => {
    const dictionary = {
      locationTable: [{}, { mappingIndex: 1, address: "1", lines: [line(3, 1), line(2, 2)] }],
      stackTable: [{}, { locationIndices: [1] }],
    };
    // A line is nearer the leaf than the one behind it.
    const { symbols } = convert(dictionary);
    const names = Array.from(symbols.lines.functionIndex, (index) =>
      stringAt(symbols.strings, symbols.functions.name[index]!),
    );
    expect(names).toEqual(["spin", "serve"]);
  });

  it("share what they have in common towards the root", () => {
    const { symbols } = convert({
      stackTable: [{}, { locationIndices: [3, 2, 1] }, { locationIndices: [2, 1] }],
    });
    expect(symbols.stacktraces.parent).toHaveLength(4);
  });

  it("leave out locations of which nothing is known", () => {
    const dictionary = {
      locationTable: [
        {},
        { mappingIndex: 1, address: "1", lines: [line(1, 1)] },
        { mappingIndex: 1 },
        { mappingIndex: 1, lines: [line(0, 7)] },
      ],
      stackTable: [{}, { locationIndices: [2, 0, 3, 1] }],
    };
    expect(stacksOf(convert(dictionary))).toEqual(["", "main"]);
  });

  it("keep the frames nearest the root where their depth is limited", () => {
    const stackTable = [{}, { locationIndices: [3, 2, 1] }, { locationIndices: [2, 1] }];
    const converted = convert({ stackTable }, { maxStacktraceDepth: 2 });
    expect(stacksOf(converted)).toEqual(["", "main;serve"]);
    expect(converted.counts.truncatedStacks).toBe(1);
  });

  it("may have no dictionary of their own", () => {
    expect(
      stacksOf(convert({ stackTable: [{}], locationTable: [], functionTable: [], mappingTable: [] })),
    ).toEqual([""]);
  });
});

describe("mappings", () => {
  it.each<{
    name: string;
    locations: readonly JsonObject[];
    functions?: readonly JsonObject[];
    want: string;
  }>([
    {
      name: "have functions, files and lines when all their locations have",
      locations: [{ mappingIndex: 1, address: "5", lines: [line(1, 1), line(2, 1)] }],
      want: "/usr/bin/api 7 0",
    },
    {
      name: "have no functions when one location has none",
      locations: [
        { mappingIndex: 1, address: "5", lines: [line(1, 1)] },
        { mappingIndex: 1, address: "6" },
      ],
      want: "/usr/bin/api 0 4096",
    },
    {
      name: "have no functions when a line names none",
      locations: [{ mappingIndex: 1, address: "5", lines: [line(0, 1)] }],
      want: "/usr/bin/api 0 4096",
    },
    {
      name: "have no lines when one is unknown",
      locations: [{ mappingIndex: 1, address: "5", lines: [line(1, 0)] }],
      want: "/usr/bin/api 3 0",
    },
    {
      name: "have no files when one is unknown",
      locations: [{ mappingIndex: 1, address: "5", lines: [line(1, 1)] }],
      functions: [{}, { nameStrindex: 5 }],
      want: "/usr/bin/api 5 0",
    },
    {
      name: "have nothing without locations",
      locations: [],
      want: "/usr/bin/api 0 4096",
    },
  ])("$name", ({ locations, functions, want }) => {
    const dictionary = {
      mappingTable: [{}, mapping],
      locationTable: [{}, ...locations],
      stackTable: [{}],
      ...(functions === undefined ? {} : { functionTable: [...functions] }),
    };
    expect(mappingsOf(convert(dictionary).symbols)).toEqual(["0 0", want]);
  });

  it("that have functions need no addresses: locations of one line are one", () => {
    const { symbols } = convert({
      locationTable: [
        {},
        { mappingIndex: 1, address: "5", lines: [line(1, 1)] },
        { mappingIndex: 1, address: "6", lines: [line(1, 1)] },
      ],
      stackTable: [{}, { locationIndices: [1] }, { locationIndices: [2] }],
    });
    expect([...symbols.locations.addressLow]).toEqual([0, 0]);
    expect(symbols.stacktraces.location).toHaveLength(2);
  });

  it("that have none keep addresses of 64 bits", () => {
    const { symbols } = convert({
      locationTable: [{}, { mappingIndex: 1, address: "18446744071578845184" }],
      stackTable: [{}, { locationIndices: [1] }],
    });
    expect([symbols.locations.addressLow[1], symbols.locations.addressHigh[1]]).toEqual([
      0x8100_0000, 0xffff_ffff,
    ]);
  });
});

describe("strings", () => {
  const lengthened = (text: string): JsonObject => ({
    stringTable: ["", "samples", "count", "cpu", "nanoseconds", text],
    functionTable: [{}, { nameStrindex: 5 }],
    locationTable: [{}, { lines: [line(1, 1)] }],
    mappingTable: [{}],
    attributeTable: [{}],
    stackTable: [{}, { locationIndices: [1] }],
  });

  it.each([
    { text: "abcdefghijkl", want: "efghijkl" },
    { text: "abcdefgh", want: "abcdefgh" },
    { text: "ab€defgh", want: "defgh" }, // the limit falls into the second byte of the sign
  ])("longer than the limit keep their end, in whole characters: $text", ({ text, want }) => {
    const converted = convert(lengthened(text), { maxSymbolValueLengthBytes: text === "ab€defgh" ? 7 : 8 });
    expect(stacksOf(converted)).toEqual(["", want]);
  });

  it("number 0 is empty, whatever the table says", () => {
    const { symbols } = convert({
      ...lengthened("x"),
      stringTable: ["oops", "samples", "count", "cpu", "nanoseconds", "x"],
    });
    expect([stringAt(symbols.strings, 0), stringAt(symbols.strings, 1)]).toEqual(["", "samples"]);
  });
});
