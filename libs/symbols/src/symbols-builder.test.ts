import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { checkSymbols } from "./check-symbols.ts";
import type { Symbols } from "./columns.ts";
import { pickSymbols } from "./pick-symbols.ts";
import { stringAt } from "./string-at.ts";
import { SymbolsBuilder } from "./symbols-builder.ts";
import { NOT_MERGED } from "./symbols-merge.ts";
import { StringInterner } from "./string-interner.ts";

/** A stack trace as its frames, root first; a frame prints as its lines, innermost first. */
type Stack = readonly string[];

/** Every other frame. */
function hasAddress(frame: string): boolean {
  return frame.charCodeAt(0) % 2 === 1;
}

/** Symbols of stacks whose frames are `name` or `inlined+name`, one location a distinct frame. */
function symbolsOf(stacks: readonly Stack[]): { symbols: Symbols; stacktraces: number[] } {
  const strings = new StringInterner();
  const file = strings.internString("main.go");
  const frames = [...new Set(stacks.flat())];
  const names = [...new Set(frames.flatMap((frame) => frame.split("+")))];
  const parent = [0];
  const location = [0];
  const stacktraces = stacks.map((stack) =>
    stack.reduce((at, frame) => parent.push(at) && location.push(frames.indexOf(frame) + 1) - 1, 0),
  );
  const lines = frames.map((frame) => frame.split("+").map((name) => names.indexOf(name) + 1));
  const zeros = (count: number): Uint32Array => new Uint32Array(count);
  return {
    stacktraces,
    symbols: {
      functions: {
        name: Uint32Array.of(0, ...names.map((name) => strings.internString(name))),
        systemName: zeros(names.length + 1),
        filename: Uint32Array.of(0, ...names.map(() => file)),
        startLine: new Int32Array(names.length + 1),
      },
      mappings: {
        startLow: zeros(2),
        startHigh: zeros(2),
        limitLow: Uint32Array.of(0, 4096),
        limitHigh: zeros(2),
        offsetLow: zeros(2),
        offsetHigh: zeros(2),
        filename: Uint32Array.of(0, file),
        buildId: zeros(2),
        flags: new Uint8Array(2),
      },
      locations: {
        mapping: new Uint32Array(frames.length + 1).fill(1).fill(0, 0, 1),
        addressLow: Uint32Array.of(0, ...frames.map((frame) => (hasAddress(frame) ? frame.length * 16 : 0))),
        addressHigh: Uint32Array.of(0, ...frames.map((frame) => (hasAddress(frame) ? 0xffffffff : 0))),
        firstLine: Uint32Array.from(
          lines.reduce((ends, line) => [...ends, (ends.at(-1) ?? 0) + line.length], [0, 0]),
        ),
        isFolded: new Uint8Array(frames.length + 1),
      },
      lines: {
        functionIndex: Uint32Array.from(lines.flat()),
        line: new Int32Array(lines.flat().length).fill(7),
      },
      stacktraces: { parent: Uint32Array.from(parent), location: Uint32Array.from(location) },
      strings: strings.build(),
    },
  };
}

/** Reads a stack trace back, root first. */
function stackOf(symbols: Symbols, stacktrace: number): Stack {
  const frames: string[] = [];
  for (let at = stacktrace; at !== 0; at = symbols.stacktraces.parent[at]!) {
    const location = symbols.stacktraces.location[at]!;
    const lines: string[] = [];
    for (
      let i = symbols.locations.firstLine[location]!;
      i < symbols.locations.firstLine[location + 1]!;
      i++
    ) {
      lines.push(stringAt(symbols.strings, symbols.functions.name[symbols.lines.functionIndex[i]!]!));
    }
    frames.unshift(lines.join("+"));
  }
  return frames;
}

const anyStacks = fc.array(
  fc.array(fc.constantFrom("a", "b", "c", "d+a", "e+b", "f", "日本"), { maxLength: 6 }),
  {
    maxLength: 8,
  },
);

describe("SymbolsBuilder", () => {
  it("keeps every stack trace it is asked for, and makes equal ones one, whatever profiles they come from", () => {
    fc.assert(
      fc.property(fc.array(anyStacks, { maxLength: 4 }), (profiles) => {
        const builder = new SymbolsBuilder();
        const merged = profiles.flatMap((stacks) => {
          const { symbols, stacktraces } = symbolsOf(stacks);
          const remap = builder.merge(symbols, Uint32Array.from(stacktraces));
          return stacktraces.map((stacktrace) => remap[stacktrace]!);
        });
        const result = builder.build();
        checkSymbols(result);
        expect(merged.map((stacktrace) => stackOf(result, stacktrace))).toEqual(profiles.flat());
        expect(new Set(merged).size).toBe(new Set(profiles.flat().map((stack) => stack.join(";"))).size);
      }),
    );
  });

  it("takes over nothing that is not used", () => {
    const { symbols, stacktraces } = symbolsOf([
      ["main", "work"],
      ["main", "idle"],
    ]);
    const builder = new SymbolsBuilder();
    const remap = builder.merge(symbols, Uint32Array.of(stacktraces[0]!));
    expect(remap[stacktraces[1]!]).toBe(NOT_MERGED);
    expect(Buffer.from(builder.build().strings.bytes).toString()).not.toContain("idle");
  });
});

describe("pickSymbols", () => {
  it("gives of symbols without repeats what merging into an empty builder gives", () => {
    const use = fc.array(fc.nat(), { maxLength: 6 });
    fc.assert(
      fc.property(anyStacks, use, (stacks, chosen) => {
        const { symbols, stacktraces } = symbolsOf(stacks);
        const distinct = new SymbolsBuilder();
        distinct.merge(symbols, Uint32Array.from(stacktraces));
        const used = Uint32Array.from(chosen, (index) => index % distinct.stacktraceCount);
        const builder = new SymbolsBuilder();
        const remap = builder.merge(distinct.view(), used);
        expect(pickSymbols(distinct.view(), used)).toEqual({ symbols: builder.build(), remap });
      }),
    );
  });
});

describe("checkSymbols", () => {
  const sound = symbolsOf([["a", "b"]]).symbols;
  it.each([
    {
      name: "a name beyond the strings",
      broken: { ...sound, functions: { ...sound.functions, name: Uint32Array.of(0, 99, 0) } },
    },
    {
      name: "a parent after its child",
      broken: { ...sound, stacktraces: { ...sound.stacktraces, parent: Uint32Array.of(0, 2, 0) } },
    },
    {
      name: "lines that end before they begin",
      broken: { ...sound, locations: { ...sound.locations, firstLine: Uint32Array.of(0, 2, 1, 2) } },
    },
    {
      name: "columns of different length",
      broken: { ...sound, locations: { ...sound.locations, isFolded: new Uint8Array(1) } },
    },
  ])("refuses $name", ({ broken }) => {
    expect(() => checkSymbols(broken)).toThrow(/^symbols: /);
  });
});
