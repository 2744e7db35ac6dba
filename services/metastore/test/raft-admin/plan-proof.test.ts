import { describe, expect, it } from "@jest/globals";

import { planAddition, planRemoval } from "../../src/raft-admin/plan-change.ts";
import { planProof, provenBy } from "../../src/raft-admin/plan-proof.ts";
import { leaderFacts } from "./support/leader-facts.ts";

describe("proof that voters live", () => {
  const facts = leaderFacts({ learners: ["d/0"] });
  it.each([
    {
      name: "is an entry that changes nothing",
      plan: planRemoval(facts, "b"),
      want: { type: "change", target: { voters: ["a/0", "b/0", "c/0"], learners: ["d/0"] } },
    },
    { name: "is not needed for who has no vote", plan: planRemoval(facts, "d"), want: { type: "done" } },
    {
      name: "is not needed for a server that comes in",
      plan: planAddition(facts, "e"),
      want: { type: "done" },
    },
    {
      name: "is not needed when nothing is to be done",
      plan: planAddition(facts, "b"),
      want: { type: "done" },
    },
    {
      name: "is not asked for what is refused",
      plan: planRemoval(facts, "a"),
      want: expect.objectContaining({ type: "refused", kind: "precondition" }),
    },
  ])("$name", ({ plan, want }) => {
    expect(planProof(facts, plan)).toEqual(want);
  });

  it.each([
    { name: "is given by who acknowledged the entry", match: {}, kind: undefined },
    { name: "is not given by who was heard of before it only", match: { "c/0": 4_999 }, kind: "not-live" },
    { name: "is not needed of the server that goes", match: { "b/0": 4_999 }, kind: undefined },
  ])("$name", ({ match, kind }) => {
    expect(planRemoval(provenBy(leaderFacts({ match }), 5_000), "b")).toMatchObject(
      kind === undefined ? { type: "change" } : { type: "refused", kind },
    );
  });
});
