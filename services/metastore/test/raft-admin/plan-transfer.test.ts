import { describe, expect, it } from "@jest/globals";

import { ANY_TERM, termProblem } from "../../src/raft-admin/check-term.ts";
import { planDemotion, planPromotionToLeader } from "../../src/raft-admin/plan-transfer.ts";
import { leaderFacts } from "./support/leader-facts.ts";

function refused(kind: string, reason: string | RegExp = "") {
  return { type: "refused", kind, reason: expect.stringMatching(reason) };
}

describe("letting a server lead", () => {
  it.each([
    { name: "hands it the lead", id: "b/0", want: { type: "transfer", to: "b/0" } },
    { name: "may be asked for by its name", id: "b", want: { type: "transfer", to: "b/0" } },
    { name: "that leads already changes nothing", id: "a", want: { type: "done" } },
    { name: "that nobody knows is refused", id: "d", want: refused("unknown", "server_id=d") },
    {
      name: "that has no vote is refused",
      id: "d",
      facts: leaderFacts({ learners: ["d/0"] }),
      want: refused("precondition", "no vote"),
    },
    {
      name: "that is about to lose its vote is refused",
      id: "d",
      facts: leaderFacts({ outgoing: ["a/0", "b/0", "c/0", "d/0"] }),
      want: refused("precondition", "no vote"),
    },
    {
      name: "that was not heard of is refused",
      id: "b",
      facts: leaderFacts({ silent: ["b/0"] }),
      want: refused("not-live", "server_id=b/0"),
    },
  ])("$name", ({ id, facts = leaderFacts(), want }) => {
    expect(planPromotionToLeader(facts, id)).toEqual(want);
  });
});

describe("making the leader step back", () => {
  it.each([
    {
      name: "hands the lead to the voter that is furthest",
      facts: leaderFacts({ match: { "b/0": 4_999 } }),
      want: { type: "transfer", to: "c/0" },
    },
    { name: "takes the first of those that are as far", want: { type: "transfer", to: "b/0" } },
    {
      name: "passes over those that were not heard of",
      facts: leaderFacts({ silent: ["b/0"], match: { "c/0": 10 } }),
      want: { type: "transfer", to: "c/0" },
    },
    {
      name: "passes over those without a vote",
      facts: leaderFacts({ voters: ["a/0", "c/0"], learners: ["b/0"] }),
      want: { type: "transfer", to: "c/0" },
    },
    {
      name: "is refused when there is nobody else",
      facts: leaderFacts({ voters: ["a/0"] }),
      want: refused("not-live", "no other voter"),
    },
    {
      name: "is refused for a server that does not lead",
      id: "b",
      want: refused("precondition", "leader=a/0"),
    },
    { name: "is refused for an unknown server", id: "d", want: refused("unknown") },
  ])("$name", ({ id = "a", facts = leaderFacts(), want }) => {
    expect(planDemotion(facts, id)).toEqual(want);
  });
});

const OTHER_TERM = "the node is in another term, look again: ";

describe("the term of a request", () => {
  it.each([
    { name: "must be the node's", currentTerm: 7n, want: undefined },
    { name: "may be left open", currentTerm: ANY_TERM, want: undefined },
    { name: "must not be an older one", currentTerm: 6n, want: `${OTHER_TERM}current_term=6 node_term=7` },
    { name: "must not be a later one", currentTerm: 8n, want: `${OTHER_TERM}current_term=8 node_term=7` },
    { name: "must not be forgotten", currentTerm: 0n, want: `${OTHER_TERM}current_term=0 node_term=7` },
  ])("$name", ({ currentTerm, want }) => {
    expect(termProblem(currentTerm, 7)).toBe(want);
  });
});
