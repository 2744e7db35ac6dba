import { buildPprof, type PprofSketch } from "@hearth/testing";
import { describe, expect, it } from "@jest/globals";

import { withoutGoShapes } from "../../src/prepare/go-shapes.ts";
import { prepared, rowsOf } from "./prepared-view.ts";

const goLabels = { __name__: "memory", service_name: "shop", pyroscope_spy: "gospy" };

describe("withoutGoShapes", () => {
  it.each([
    { text: "main.Map[go.shape.int]", want: "main.Map" },
    { text: "main.Map[go.shape.int,go.shape.string].Get", want: "main.Map.Get" },
    { text: "a[go.shape.struct { X [2]int }].b[go.shape.*uint8].c", want: "a.b.c" },
    { text: "slices.Sort[[]int]", want: "slices.Sort[[]int]" },
    { text: "a[go.shape.int", want: "a[go.shape.int" },
    { text: "a[go.shape.int].b[go.shape.[]x", want: "a.b[go.shape.[]x" },
    { text: "größe[go.shape.int]", want: "größe" },
  ])("$text", ({ text, want }) => {
    expect(withoutGoShapes(text)).toBe(want);
  });
});

describe("generic functions of Go", () => {
  const body = buildPprof({
    sampleTypes: [["cpu", "nanoseconds"]],
    samples: [
      { stack: [{ name: "Map[go.shape.int].Get", file: "größe.go" }, "main"], values: [1] },
      { stack: [{ name: "Map[go.shape.string].Get", file: "größe.go" }, "main"], values: [2] },
      { stack: [{ name: "Map.Get", file: "größe.go" }, "main"], values: [4] },
    ],
  });

  it("are one, whatever they are compiled for", () => {
    const outcome = prepared(body, { labels: goLabels });
    expect(rowsOf(outcome).map(({ samples }) => samples)).toEqual([{ "Map.Get;main": 7n }]);
    expect(outcome.services[0]!.profile.symbols.functions.name).toHaveLength(3);
  });

  it("are left alone in other languages", () => {
    const outcome = prepared(body, { labels: { ...goLabels, pyroscope_spy: "rbspy" } });
    expect(Object.keys(rowsOf(outcome)[0]!.samples)).toHaveLength(3);
  });
});

describe("stacks that the Go runtime cut", () => {
  /** Frames `name<from>` to `name<to>`, leaf first. */
  const frames = (name: string, from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, i) => `${name}${from + i}`);
  /** A stack of 40 frames below two leaves, of which the runtime kept the 32 nearest the leaf. */
  const trunk = frames("f", 0, 40);

  const heap = (stacks: readonly (readonly string[])[]): PprofSketch => ({
    sampleTypes: [["inuse_space", "bytes"]],
    samples: stacks.map((stack, i) => ({ stack, values: [2 ** i] })),
  });

  const stacksOf = (sketch: PprofSketch): { stacks: string[]; repaired: number } => {
    const outcome = prepared(buildPprof(sketch), { labels: goLabels });
    return { stacks: Object.keys(rowsOf(outcome)[0]!.samples), repaired: outcome.counts.repairedStacks };
  };

  it("get the roots that other stacks have", () => {
    const cut = trunk.slice(0, 32);
    const whole = [
      ["x", ...trunk.slice(9, 40)],
      ["y", ...trunk.slice(9, 40)],
    ];
    // The cut one ends at f31; the whole ones have f16 to f31 eight frames from their root.
    expect(stacksOf(heap([cut, ...whole]))).toEqual({
      stacks: [trunk.join(";"), ...whole.map((stack) => stack.join(";"))],
      repaired: 1,
    });
  });

  it("are followed from one to the next", () => {
    const long = frames("f", 0, 48);
    const stacks = [
      long.slice(0, 32),
      ["a", ...long.slice(9, 40)],
      ["b", ...long.slice(9, 40)],
      ["c", ...long.slice(17, 48)],
      ["d", ...long.slice(17, 48)],
    ];
    expect(stacksOf(heap(stacks))).toEqual({
      stacks: [
        long.join(";"),
        ["a", ...long.slice(9)].join(";"),
        ["b", ...long.slice(9)].join(";"),
        ["c", ...long.slice(17)].join(";"),
        ["d", ...long.slice(17)].join(";"),
      ],
      repaired: 3,
    });
  });

  it("are mended by the last group too", () => {
    const whole = [
      ["x", ...trunk.slice(9, 40)],
      ["y", ...trunk.slice(9, 40)],
    ];
    expect(stacksOf(heap([...whole, trunk.slice(0, 32)])).repaired).toBe(1);
    expect(stacksOf(heap([whole[0]!, trunk.slice(0, 32), whole[1]!])).repaired).toBe(1);
  });

  it.each<{ name: string; sketch: PprofSketch }>([
    {
      name: "with only one stack to learn from",
      sketch: heap([trunk.slice(0, 32), ["x", ...trunk.slice(9, 40)]]),
    },
    {
      name: "in a profile with deeper stacks, which the runtime did not cut",
      sketch: heap([
        trunk.slice(0, 32),
        ["x", ...trunk.slice(9, 40)],
        ["y", ...trunk.slice(9, 40)],
        frames("z", 0, 33),
      ]),
    },
    {
      name: "of other kinds",
      sketch: {
        ...heap([trunk.slice(0, 32), ["x", ...trunk.slice(9, 40)], ["y", ...trunk.slice(9, 40)]]),
        sampleTypes: [["delay", "nanoseconds"]],
      },
    },
    { name: "that are recursion", sketch: heap([Array<string>(32).fill("f"), Array<string>(31).fill("f")]) },
    {
      name: "that are recursion of two",
      sketch: heap(
        [0, 1, 2, 3].map((i) => [
          `leaf${i}`,
          ...Array.from({ length: 31 }, (_, at) => ((at + i) % 2 === 0 ? "f" : "g")),
        ]),
      ),
    },
  ])("are left as they are $name", ({ sketch }) => {
    expect(stacksOf(sketch).repaired).toBe(0);
  });
});
