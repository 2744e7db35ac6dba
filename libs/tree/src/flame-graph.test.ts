import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { plain, type Plain } from "../test/plain-graph.ts";
import { anySamples, folded, slowSelfs, slowTotals, treeOf, type Sample } from "../test/slow-tree.ts";
import {
  emptyTree,
  encodePyroscopeTree,
  flameGraph,
  TreeBuilder,
  truncateTree,
  type FlameGraph,
} from "./index.ts";

const example = folded("m 3", "m;x 5", "m;y 1", "m;z 1", "n;x 2");

describe("flameGraph", () => {
  it("tells a function without a name from the root", () => {
    const builder = new TreeBuilder();
    builder.addSelf(builder.child(builder.child(0, builder.name("main")), builder.name("")), 5);
    const { names, levels } = plain(flameGraph(builder.build()));
    expect(names).toEqual(["total", "main", ""]);
    expect(levels.map((values) => values[3])).toEqual([0n, 1n, 2n]);
  });

  it("draws the whole tree", () => {
    expect(plain(flameGraph(example))).toEqual({
      names: ["total", "m", "n", "x", "y", "z"],
      levels: [
        [0n, 12n, 0n, 0n],
        [0n, 10n, 3n, 1n, 0n, 2n, 0n, 2n],
        [3n, 5n, 5n, 3n, 0n, 1n, 1n, 4n, 0n, 1n, 1n, 5n, 0n, 2n, 2n, 3n],
      ],
      total: 12n,
      maxSelf: 5n,
    });
  });

  it("draws what was folded last", () => {
    const { names, levels } = plain(flameGraph(truncateTree(example, 4)));
    expect(names).toEqual(["total", "m", "n", "x", "other"]);
    expect(levels[2]).toEqual([3n, 5n, 5n, 3n, 0n, 2n, 2n, 4n, 0n, 2n, 2n, 3n]);
  });

  it("draws one bar for nothing", () => {
    expect(plain(flameGraph(emptyTree()))).toEqual({
      names: ["total"],
      levels: [[0n, 0n, 0n, 0n]],
      total: 0n,
      maxSelf: 0n,
    });
  });

  it("shows every stack where a slow model draws it", () => {
    fc.assert(
      fc.property(anySamples, (samples) => {
        expect(absoluteBars(plain(flameGraph(treeOf(samples))))).toEqual(slowBars(samples));
      }),
    );
  });
});

describe("encodePyroscopeTree", () => {
  it.each([
    {
      name: "a whole tree",
      maxNodes: 0,
      want: "000002016e0001017802 00 016d0303 017a0100 01790100 01780500",
    },
    { name: "a cut tree", maxNodes: 4, want: "000002 016e0001 01780200 016d0302 01780500 056f746865720200" },
  ])("encodes $name", ({ maxNodes, want }) => {
    const bytes = encodePyroscopeTree(truncateTree(example, maxNodes));
    expect(Buffer.from(bytes).toString("hex")).toBe(want.replaceAll(" ", ""));
  });

  it("is empty for a tree without stacks", () => {
    expect(encodePyroscopeTree(emptyTree()).length).toBe(0);
  });
});

interface Placed {
  readonly level: number;
  readonly x: bigint;
  readonly total: bigint;
  readonly self: bigint;
  readonly name: string;
}

function absoluteBars({ names, levels }: Plain<FlameGraph>): Placed[] {
  return levels.flatMap((values, level) => {
    let end = 0n;
    return Array.from({ length: values.length / 4 }, (_, bar) => {
      const [distance = 0n, total = 0n, self = 0n, name = 0n] = values.slice(bar * 4, bar * 4 + 4);
      const x = end + distance;
      end = x + total;
      return { level, x, total, self, name: names[Number(name)]! };
    });
  });
}

function slowBars(samples: readonly Sample[]): Placed[] {
  const selfs = slowSelfs(samples);
  const totals = slowTotals(selfs);
  const bars: Placed[] = [];
  const draw = (path: readonly string[], x: bigint): void => {
    const key = JSON.stringify(path);
    const self = selfs.get(key) ?? 0n;
    bars.push({ level: path.length, x, total: totals.get(key) ?? 0n, self, name: path.at(-1) ?? "total" });
    let childX = x + self;
    for (const child of childNames(totals, path)) {
      draw([...path, child], childX);
      childX += totals.get(JSON.stringify([...path, child]))!;
    }
  };
  draw([], 0n);
  return bars.sort((a, b) => a.level - b.level);
}

function childNames(totals: ReadonlyMap<string, bigint>, path: readonly string[]): string[] {
  const stacks = [...totals.keys()].map((key) => JSON.parse(key) as string[]);
  const children = stacks.filter(
    (stack) => stack.length === path.length + 1 && path.every((name, depth) => stack[depth] === name),
  );
  return children
    .map((stack) => stack.at(-1)!)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
