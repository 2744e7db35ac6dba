import { describe, expect, it } from "@jest/globals";

import { compaction } from "../../test/support/jobs.ts";
import { textBlock } from "../../test/support/text-blocks.ts";
import { problemOfOutputs } from "./check-outputs.ts";

const place = { id: "A", tenant: "", shard: 2, level: 0 };
const sources = [
  textBlock(place, ["acme/1", "evil/1"]).meta,
  textBlock({ ...place, id: "B" }, ["acme/1", "acme/2"]).meta,
];
const job = compaction({ job: 1, token: 1 }, { shard: 2, level: 0, sources });
const acme = textBlock({ id: "C", tenant: "acme", shard: 2, level: 1 }, ["acme/1", "acme/2"]);
const evil = textBlock({ id: "D", tenant: "evil", shard: 2, level: 1 }, ["evil/1"]);

const NONE = { deletedRows: new Map<string, number>(), summedRows: 0 };

describe("outputs of a job", () => {
  it("are right when they are of its tenants, shard and next level, and hold all rows", () => {
    expect(problemOfOutputs(job, { outputs: [acme, evil], repeatedRows: 1, ...NONE })).toBeUndefined();
    expect(problemOfOutputs(job, { outputs: [evil, acme], repeatedRows: 1, ...NONE })).toBeUndefined();
  });

  it.each([
    {
      name: "a row is missing",
      outputs: [acme, evil],
      repeatedRows: 0,
      want: "rows do not add up: sources=4 outputs=3 repeated=0 deleted=0 summed=0",
    },
    {
      name: "a tenant is missing",
      outputs: [acme],
      repeatedRows: 2,
      want: "outputs are of other tenants: sources=2 outputs=1",
    },
    {
      name: "a tenant has two",
      outputs: [acme, evil, evil],
      repeatedRows: 0,
      want: "outputs are of other tenants: sources=2 outputs=3",
    },
    {
      name: "one is of another shard",
      outputs: [acme, textBlock({ id: "D", tenant: "evil", shard: 3, level: 1 }, ["evil/1"])],
      repeatedRows: 1,
      want: "output is of another level or shard: block=D level=1 shard=3",
    },
    {
      name: "one is of another level",
      outputs: [acme, textBlock({ id: "D", tenant: "evil", shard: 2, level: 2 }, ["evil/1"])],
      repeatedRows: 1,
      want: "output is of another level or shard: block=D level=2 shard=2",
    },
  ])("are wrong when $name", ({ outputs, repeatedRows, want }) => {
    expect(problemOfOutputs(job, { outputs, repeatedRows, ...NONE })).toBe(want);
  });
});

describe("outputs of a job that applies deletions", () => {
  const list = [{ number: 7, tenant: "acme", matchers: [], startMs: 0, endMs: 9 }];
  const deleting = compaction(
    { job: 1, token: 1 },
    { shard: 2, level: 0, sources, deletions: { list, upTo: 7, isRewrite: false } },
  );
  const applied = ({ meta }: typeof acme, deletionsApplied = 7): typeof acme => ({
    meta: { ...meta, origin: { sources: [], outputCount: 2, deletionsApplied } },
    bytes: new Uint8Array(0),
  });
  const one = textBlock({ id: "C", tenant: "acme", shard: 2, level: 1 }, ["acme/2"]);

  it.each([
    { name: "rows of the tenant", outputs: [applied(one), applied(evil)], deleted: { acme: 2 } },
    { name: "all rows of the tenant", outputs: [applied(evil)], deleted: { acme: 3 } },
  ])("may lack $name", ({ outputs, deleted }) => {
    const deletedRows = new Map(Object.entries(deleted));
    expect(
      problemOfOutputs(deleting, { outputs, repeatedRows: 0, deletedRows, summedRows: 0 }),
    ).toBeUndefined();
  });

  it.each([
    {
      name: "another tenant loses rows",
      outputs: [applied(acme)],
      deleted: { evil: 1 },
      want: "rows are deleted that nobody wants deleted: tenant=evil",
    },
    {
      name: "an output does not say what was applied",
      outputs: [applied(one), evil],
      deleted: { acme: 2 },
      want: "output has other deletions applied: block=D up_to=7",
    },
    {
      name: "more is missing",
      outputs: [applied(one), applied(evil)],
      deleted: { acme: 1 },
      want: "rows do not add up: sources=4 outputs=2 repeated=0 deleted=1 summed=0",
    },
  ])("are wrong when $name", ({ outputs, deleted, want }) => {
    const deletedRows = new Map(Object.entries(deleted).filter((entry) => entry[1] !== undefined));
    expect(problemOfOutputs(deleting, { outputs, repeatedRows: 0, deletedRows, summedRows: 0 })).toBe(want);
  });

  it("are of the level of the source when it is written anew", () => {
    const own = textBlock({ id: "E", tenant: "acme", shard: 2, level: 2 }, ["acme/1", "acme/2"]).meta;
    const rewrite = compaction(
      { job: 1, token: 1 },
      { shard: 2, level: 2, sources: [own], deletions: { list, upTo: 7, isRewrite: true } },
    );
    const output = applied(textBlock({ id: "F", tenant: "acme", shard: 2, level: 2 }, ["acme/2"]));
    const dropped = { repeatedRows: 0, deletedRows: new Map([["acme", 1]]), summedRows: 0 };
    expect(problemOfOutputs(rewrite, { outputs: [output], ...dropped })).toBeUndefined();
    expect(problemOfOutputs(rewrite, { outputs: [applied(one)], ...dropped })).toMatch(/another level/u);
  });
});

describe("outputs of a job that sums rows", () => {
  const own = ["A", "B"].map(
    (id, number) => textBlock({ id, tenant: "acme", shard: 2, level: 3 }, [`acme/${number}`, "acme/9"]).meta,
  );
  const summing = compaction({ job: 1, token: 1 }, { shard: 2, level: 3, sources: own, outputLevel: 6 });
  const outputOf = (level: number): ReturnType<typeof textBlock> =>
    textBlock({ id: "C", tenant: "acme", shard: 2, level }, ["acme/sum"]);
  const dropped = { repeatedRows: 1, deletedRows: new Map<string, number>() };

  it.each([
    {
      name: "right when they are of its tier and account for all rows",
      level: 6,
      summedRows: 2,
      want: undefined,
    },
    {
      name: "wrong when they are of the next level",
      level: 5,
      summedRows: 2,
      want: "output is of another level or shard: block=C level=5 shard=2",
    },
    {
      name: "wrong when a row is missing",
      level: 6,
      summedRows: 1,
      want: "rows do not add up: sources=4 outputs=1 repeated=1 deleted=0 summed=1",
    },
  ])("are $name", ({ level, summedRows, want }) => {
    expect(problemOfOutputs(summing, { outputs: [outputOf(level)], ...dropped, summedRows })).toBe(want);
  });

  it("are wrong when the job has no tier", () => {
    const plain = compaction({ job: 1, token: 1 }, { shard: 2, level: 3, sources: own });
    const problem = problemOfOutputs(plain, { outputs: [outputOf(4)], ...dropped, summedRows: 2 });
    expect(problem).toBe("rows are summed of no tier: summed=2");
  });
});
