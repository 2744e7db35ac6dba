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

const NONE_DELETED: ReadonlyMap<string, number> = new Map();
const plain = {
  job: { isRewrite: false, deletionsUpTo: 0, outputLevel: 0 },
  deletingTenants: new Set<string>(),
};

function refusal(outputs: readonly BlockMeta[], repeatedRows = 0): string | undefined {
  return outputsRefusal(sources, outputs, { repeatedRows, deletedRows: NONE_DELETED, summedRows: 0 }, plain);
}

describe("the outputs of a job", () => {
  it("take the place of its sources when they hold all of their rows", () => {
    expect(refusal(merged)).toBeUndefined();
  });

  it("may lack rows that were there more than once", () => {
    const fewer = { ...ofAcme, datasets: [{ ...ofAcme.datasets[0]!, profileCount: 4 }] };
    expect(refusal([fewer, ofUmbrella], 2)).toBeUndefined();
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
    expect(refusal(outputs, repeatedRows)).toMatch(reason);
  });

  it("are refused with a tenant that no source has", () => {
    const foreign = { ...ofAcme, id: idAt(9), tenant: "globex", datasets: [dataset({ tenant: "globex" })] };
    expect(refusal([...merged, foreign])).toMatch(/no source has/u);
  });
});

describe("the outputs of a job that applies deletions", () => {
  const terms = {
    job: { isRewrite: false, deletionsUpTo: 7, outputLevel: 0 },
    deletingTenants: new Set(["acme"]),
  };
  const applied = (one: BlockMeta, deletionsApplied = 7): BlockMeta => ({
    ...one,
    origin: { sources: [], outputCount: 2, deletionsApplied },
  });
  const withRows = (one: BlockMeta, profileCount: number): BlockMeta =>
    applied({ ...one, datasets: [{ ...one.datasets[0]!, profileCount }] });

  it.each<[string, readonly BlockMeta[], number, [string, number][]]>([
    ["lack deleted rows", [withRows(ofAcme, 4), applied(ofUmbrella)], 0, [["acme", 2]]],
    ["lack deleted rows and repeats", [withRows(ofAcme, 3), applied(ofUmbrella)], 1, [["acme", 2]]],
    ["lack a tenant of which all is deleted", [applied(ofUmbrella)], 0, [["acme", 6]]],
    ["lack nothing", [applied(ofAcme), applied(ofUmbrella)], 0, []],
  ])("may %s", (_, outputs, repeatedRows, deleted) => {
    const dropped = { repeatedRows, deletedRows: new Map(deleted), summedRows: 0 };
    expect(outputsRefusal(sources, outputs, dropped, terms)).toBeUndefined();
  });

  it.each<[string, readonly BlockMeta[], number, [string, number][], RegExp]>([
    ["rows missing", [withRows(ofAcme, 4), applied(ofUmbrella)], 0, [["acme", 1]], /rows are missing/u],
    [
      "too many deleted",
      [withRows(ofAcme, 4), applied(ofUmbrella)],
      0,
      [["acme", 3]],
      /more rows than before/u,
    ],
    [
      "a tenant that asked for nothing",
      [applied(ofAcme)],
      0,
      [["umbrella", 5]],
      /umbrella has no rows to delete/u,
    ],
    [
      "a tenant that is not there",
      [applied(ofAcme), applied(ofUmbrella)],
      0,
      [["globex", 1]],
      /no source has/u,
    ],
    ["no output and nothing deleted", [applied(ofUmbrella)], 6, [], /no output for the tenant acme/u],
    ["fewer deletions applied", [applied(ofAcme, 6), applied(ofUmbrella)], 0, [], /applied=6 job=7/u],
    ["more deletions applied", [applied(ofAcme, 8), applied(ofUmbrella)], 0, [], /applied=8 job=7/u],
    ["no deletions applied", [ofAcme, applied(ofUmbrella)], 0, [], /applied=0 job=7/u],
  ])("are refused with %s", (_, outputs, repeatedRows, deleted, reason) => {
    const dropped = { repeatedRows, deletedRows: new Map(deleted), summedRows: 0 };
    expect(outputsRefusal(sources, outputs, dropped, terms)).toMatch(reason);
  });

  it("are of the level of the source when it is written anew", () => {
    const own = [block(idAt(0), { level: 2, tenant: "acme", datasets: [acme] })];
    const rewrite = { ...terms, job: { isRewrite: true, deletionsUpTo: 7, outputLevel: 0 } };
    const output = { ...applied(own[0]!), id: idAt(5), datasets: [{ ...acme, profileCount: 2 }] };
    const dropped = { repeatedRows: 0, deletedRows: new Map([["acme", 1]]), summedRows: 0 };
    expect(outputsRefusal(own, [output], dropped, rewrite)).toBeUndefined();
    expect(outputsRefusal(own, [{ ...output, level: 3 }], dropped, rewrite)).toMatch(/has the level 3/u);
  });
});

describe("the outputs of a job of a tier", () => {
  const own = [0, 1].map((second) =>
    block(idAt(second), { level: 3, tenant: "acme", datasets: [dataset({ profileCount: 4 })] }),
  );
  const output = { ...mergedBlocks(own, random)[0]!, level: 5, datasets: [dataset({ profileCount: 2 })] };
  const job = { isRewrite: false, deletionsUpTo: 0, outputLevel: 5 };

  it.each<[string, readonly BlockMeta[], number, number, number, RegExp | undefined]>([
    ["are taken with rows summed", [output], 5, 1, 5, undefined],
    ["are refused of the next level but one", [{ ...output, level: 6 }], 6, 0, 5, /has the level 6/u],
    ["are refused with rows that are not accounted for", [output], 5, 0, 5, /summed=5/u],
    ["are refused when nothing came of what was summed", [], 8, 0, 5, /no output|into none/u],
    ["are refused with sums where none were asked for", [{ ...output, level: 4 }], 6, 0, 0, /into none/u],
    [
      "are refused with sums where rows are to stay as they came",
      [{ ...output, level: 4 }],
      6,
      0,
      4,
      /into none/u,
    ],
  ])("%s", (_, outputs, summedRows, repeatedRows, outputLevel, reason) => {
    const dropped = { repeatedRows, deletedRows: NONE_DELETED, summedRows };
    const terms = { job: { ...job, outputLevel }, deletingTenants: new Set<string>() };
    const found = outputsRefusal(own, outputs, dropped, terms);
    expect(found ?? "").toMatch(reason ?? /^$/u);
  });

  it("are refused when all that is left of deletions was summed into nothing", () => {
    const dropped = { repeatedRows: 0, deletedRows: new Map([["acme", 3]]), summedRows: 5 };
    const terms = { job, deletingTenants: new Set(["acme"]) };
    expect(outputsRefusal(own, [], dropped, terms)).toMatch(/into none/u);
  });
});
