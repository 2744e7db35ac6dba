import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { plain, type Plain } from "../test/plain-graph.ts";
import { anySamples, folded, treeOf } from "../test/slow-tree.ts";
import { diffFlameGraph, emptyTree, flameGraph, type DiffFlameGraph } from "./index.ts";

const version1 = folded(
  "main 3",
  "main;handle 5",
  "main;handle;query 12",
  "main;handle;render 20",
  "main;gc 7",
  "idle 2",
);
const version2 = folded(
  "main 1",
  "main;handle;query 4",
  "main;handle;query;scan 9",
  "main;handle;cache 6",
  "main;gc 8",
);

describe("diffFlameGraph", () => {
  it.each([
    {
      name: "aligns both trees by name",
      maxNodes: 0,
      names: ["total", "idle", "main", "gc", "handle", "cache", "query", "render", "scan"],
      levels: [
        [0, 49, 0, 0, 28, 0, 0],
        [0, 2, 2, 0, 0, 0, 1, 0, 47, 3, 0, 28, 1, 2],
        [5, 7, 7, 1, 8, 8, 3, 0, 37, 5, 0, 19, 0, 4],
        [17, 0, 0, 9, 6, 6, 5, 0, 12, 12, 0, 13, 4, 6, 0, 20, 20, 0, 0, 0, 7],
        [29, 0, 0, 19, 9, 9, 8],
      ],
      maxSelf: 20,
    },
    {
      name: "folds what is small in both trees",
      maxNodes: 3,
      names: ["total", "main", "other", "handle"],
      levels: [
        [0, 49, 0, 0, 28, 0, 0],
        [0, 47, 3, 0, 28, 1, 1, 0, 2, 2, 0, 0, 0, 2],
        [3, 37, 5, 1, 19, 0, 3, 0, 7, 7, 0, 8, 8, 2],
        [8, 32, 32, 1, 19, 19, 2],
      ],
      maxSelf: 32,
    },
  ])("$name", ({ maxNodes, names, levels, maxSelf }) => {
    expect(plain(diffFlameGraph(version1, version2, maxNodes))).toEqual({
      names,
      levels: levels.map((values) => values.map(BigInt)),
      total: 77n,
      maxSelf: BigInt(maxSelf),
      leftTicks: 49n,
      rightTicks: 28n,
    });
  });

  it("draws one bar for two empty trees", () => {
    const { names, levels } = plain(diffFlameGraph(emptyTree(), emptyTree(), 8192));
    expect({ names, levels }).toEqual({ names: ["total"], levels: [[0n, 0n, 0n, 0n, 0n, 0n, 0n]] });
  });

  it("draws each side as it is drawn alone, with nothing where only the other has a node", () => {
    fc.assert(
      fc.property(anySamples, anySamples, (left, right) => {
        const diff = plain(diffFlameGraph(treeOf(left), treeOf(right), 0));
        expect(bars(diff, 0, 7)).toEqual(bars(plain(flameGraph(treeOf(left))), 0, 4));
        expect(bars(diff, 3, 7)).toEqual(bars(plain(flameGraph(treeOf(right))), 0, 4));
      }),
    );
  });
});

/** Bars that have a width, at their absolute place: the values of one side begin at `first` in each group of `size`. */
function bars(graph: Pick<Plain<DiffFlameGraph>, "names" | "levels">, first: number, size: 4 | 7): string[] {
  return graph.levels.flatMap((values, level) => {
    let end = 0n;
    return Array.from({ length: values.length / size }, (_, bar) => {
      const [distance = 0n, total = 0n, self = 0n] = values.slice(bar * size + first);
      const name = graph.names[Number(values[bar * size + size - 1])];
      const x = end + distance;
      end = x + total;
      return total === 0n ? "" : `${level} ${x} ${total} ${self} ${name}`;
    }).filter((text) => text !== "");
  });
}
