import { describe, expect, it } from "@jest/globals";
import type { BlockMeta } from "@hearth/block";
import { seededRandom } from "@hearth/runtime";
import { outputsRefusal } from "../../src/compaction/check-outputs.ts";
import { block, dataset, START_MS, ulidAt } from "../support/blocks.ts";
import { mergedBlocks } from "../support/merged-blocks.ts";

const random = seededRandom(1);
const idAt = (second: number): string => ulidAt(START_MS + second * 1_000, random);
const acme = dataset({ profileCount: 3 });
const umbrella = dataset({ tenant: "umbrella", profileCount: 5 });
const sources = [block(idAt(0), { datasets: [acme, umbrella] }), block(idAt(1), { datasets: [acme] })];
const merged = mergedBlocks(sources, random);
const [ofAcme, ofUmbrella] = merged as [BlockMeta, BlockMeta];

describe("the outputs of a job", () => {
  it("take the place of its sources when they hold all of their rows", () => {
    expect(outputsRefusal(sources, merged, 0)).toBeUndefined();
  });

  it("may lack rows that were there more than once", () => {
    const fewer = { ...ofAcme, datasets: [{ ...ofAcme.datasets[0]!, profileCount: 4 }] };
    expect(outputsRefusal(sources, [fewer, ofUmbrella], 2)).toBeUndefined();
  });

  it.each<[string, readonly BlockMeta[], number, RegExp]>([
    ["nothing", [], 0, /no output for the tenant acme/u],
    ["one tenant less", [ofAcme], 0, /no output for the tenant umbrella/u],
    ["two of a tenant", [ofAcme, ofAcme, ofUmbrella], 0, /more than one output/u],
    ["fewer rows", [{ ...ofAcme, datasets: [acme] }, ofUmbrella], 0, /before=11 after=8 repeated=0/u],
    ["more rows than before", [{ ...ofAcme, datasets: [acme, acme, acme] }, ofUmbrella], 0, /has more rows/u],
    ["more repeats than are missing", merged, 1, /rows are missing/u],
    ["another level", [{ ...ofAcme, level: 2 }, ofUmbrella], 0, /has the level 2/u],
    ["another shard", [{ ...ofAcme, shard: 9 }, ofUmbrella], 0, /is of the shard 9/u],
    ["times before", [{ ...ofAcme, minTimeMs: 1 }, ofUmbrella], 0, /times that no source has/u],
    ["times after", [{ ...ofAcme, maxTimeMs: 2 ** 50 }, ofUmbrella], 0, /times that no source has/u],
    ["the id of a source", [{ ...ofAcme, id: sources[0]!.id }, ofUmbrella], 0, /is a source/u],
  ])("are refused with %s", (_, outputs, repeatedRows, reason) => {
    expect(outputsRefusal(sources, outputs, repeatedRows)).toMatch(reason);
  });

  it("are refused with a tenant that no source has", () => {
    const foreign = { ...ofAcme, id: idAt(9), tenant: "globex", datasets: [dataset({ tenant: "globex" })] };
    expect(outputsRefusal(sources, [...merged, foreign], 0)).toMatch(/no source has/u);
  });
});
