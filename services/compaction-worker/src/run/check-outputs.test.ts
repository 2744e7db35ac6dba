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

describe("outputs of a job", () => {
  it("are right when they are of its tenants, shard and next level, and hold all rows", () => {
    expect(problemOfOutputs(job, { outputs: [acme, evil], repeatedRows: 1 })).toBeUndefined();
    expect(problemOfOutputs(job, { outputs: [evil, acme], repeatedRows: 1 })).toBeUndefined();
  });

  it.each([
    {
      name: "a row is missing",
      outputs: [acme, evil],
      repeatedRows: 0,
      want: "rows do not add up: sources=4 outputs=3 repeated=0",
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
    expect(problemOfOutputs(job, { outputs, repeatedRows })).toBe(want);
  });
});
