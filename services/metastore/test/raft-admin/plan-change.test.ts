import { describe, expect, it } from "@jest/globals";

import { planAddition, planRemoval, planReplacement } from "../../src/raft-admin/plan-change.ts";
import { leaderFacts } from "./support/leader-facts.ts";

const ABC = ["a/0", "b/0", "c/0"];
const done = { type: "done" };

function change(voters: readonly string[], learners: readonly string[] = []) {
  return { type: "change", target: { voters, learners } };
}

function refused(kind: string, reason: string | RegExp = "") {
  const text = expect.stringMatching(reason);
  return { type: "refused", kind, reason: text };
}

describe("adding a server", () => {
  it.each([
    { name: "by its name gives it an incarnation of its own", id: "d", want: change(ABC, ["d/5001"]) },
    { name: "by an id takes the id as it is", id: "d/3", want: change(ABC, ["d/3"]) },
    {
      name: "keeps the learners there are",
      id: "d",
      facts: leaderFacts({ learners: ["e/0"] }),
      want: change(ABC, ["e/0", "d/5001"]),
    },
    { name: "that takes part already changes nothing", id: "b", want: done },
    { name: "that takes part under this id changes nothing", id: "b/0", want: done },
    {
      name: "that is a learner already changes nothing",
      id: "d",
      facts: leaderFacts({ learners: ["d/2"] }),
      want: done,
    },
    {
      name: "that takes part changes nothing, whatever else is under way",
      id: "b",
      facts: leaderFacts({ isCommitted: false }),
      want: done,
    },
    {
      name: "under a later incarnation keeps the voter until the new one has caught up",
      id: "b/1",
      want: change(ABC, ["b/1"]),
    },
    {
      name: "under a later incarnation replaces the learner of the same name",
      id: "d/2",
      facts: leaderFacts({ learners: ["d/1"] }),
      want: change(ABC, ["d/2"]),
    },
    {
      name: "under an incarnation that was replaced is refused",
      id: "b/1",
      facts: leaderFacts({ voters: ["a/0", "b/2", "c/0"] }),
      want: refused("precondition", "b/2"),
    },
    {
      name: "waits for the end of another change",
      id: "d",
      facts: leaderFacts({ outgoing: ["a/0", "b/0"] }),
      want: refused("busy"),
    },
    {
      name: "under an id waits for the end of another change too",
      id: "d/0",
      facts: leaderFacts({ isCommitted: false }),
      want: refused("busy"),
    },
    ...["", "a b", "a/b", "a/0/1", "a/-1", "a/01", "a/", "/0", "x".repeat(201)].map((id) => ({
      name: `by something that is no name is refused: ${JSON.stringify(id.slice(0, 9))}`,
      id,
      want: refused("invalid"),
    })),
  ])("$name", ({ id, facts = leaderFacts(), want }) => {
    expect(planAddition(facts, id)).toEqual(want);
  });
});

describe("removing a server", () => {
  it.each([
    { name: "takes its vote", id: "b/0", want: change(["a/0", "c/0"]) },
    { name: "may be asked for by its name", id: "b", want: change(["a/0", "c/0"]) },
    {
      name: "is no matter of others that live, if it has no vote",
      id: "d",
      facts: leaderFacts({ learners: ["d/0", "e/0"], silent: ["b/0", "c/0", "d/0"] }),
      want: change(ABC, ["e/0"]),
    },
    {
      name: "that is lost is allowed when the others live",
      id: "b",
      facts: leaderFacts({ silent: ["b/0"] }),
      want: change(["a/0", "c/0"]),
    },
    {
      name: "that lives is refused when a lost one would be needed then",
      id: "c",
      facts: leaderFacts({ silent: ["b/0"] }),
      want: refused("not-live", "live=1 needed=2 voters=2"),
    },
    {
      name: "does not count those which lost what they acknowledged",
      id: "c",
      facts: leaderFacts({ regressed: ["b/0"] }),
      want: refused("not-live", "live=1 needed=2 voters=2"),
    },
    {
      name: "of five leaves four, of which three must live",
      id: "e",
      facts: leaderFacts({ voters: [...ABC, "d/0", "e/0"], silent: ["d/0"] }),
      want: change([...ABC, "d/0"]),
    },
    {
      name: "of five is refused when two others are lost",
      id: "e",
      facts: leaderFacts({ voters: [...ABC, "d/0", "e/0"], silent: ["c/0", "d/0"] }),
      want: refused("not-live", "live=2 needed=3 voters=4"),
    },
    {
      name: "is refused for the leader, and says what to do first",
      id: "a",
      want: refused("precondition", "DemoteLeader"),
    },
    {
      name: "is refused for the leader before anything that passes by itself",
      id: "a",
      facts: leaderFacts({ isCommitted: false }),
      want: refused("precondition", "DemoteLeader"),
    },
    {
      name: "is refused for the last voter",
      id: "a/0",
      facts: leaderFacts({ voters: ["a/0"] }),
      want: refused("precondition"),
    },
    { name: "that nobody knows is refused", id: "d", want: refused("unknown", "server_id=d") },
    { name: "of another incarnation is refused", id: "b/1", want: refused("unknown", "server_id=b/1") },
    {
      name: "by a name that two have is refused",
      id: "b",
      facts: leaderFacts({ learners: ["b/1"] }),
      want: refused("precondition", "b/0,b/1"),
    },
    {
      name: "waits for the end of another change",
      id: "b",
      facts: leaderFacts({ isCommitted: false }),
      want: refused("busy"),
    },
    { name: "by something that is no name is refused", id: "b c", want: refused("invalid") },
  ])("$name", ({ id, facts = leaderFacts(), want }) => {
    expect(planRemoval(facts, id)).toEqual(want);
  });
});

describe("replacing a server", () => {
  const withD = leaderFacts({ learners: ["d/0"] });
  it.each([
    { name: "gives its vote to a learner in one step", facts: withD, want: change(["a/0", "c/0", "d/0"]) },
    {
      name: "keeps other learners",
      facts: leaderFacts({ learners: ["d/0", "e/0"] }),
      want: change(["a/0", "c/0", "d/0"], ["e/0"]),
    },
    {
      name: "may find that the replacement has a vote already",
      facts: leaderFacts({ voters: [...ABC, "d/0"] }),
      want: change(["a/0", "c/0", "d/0"]),
    },
    {
      name: "is what a lost server needs",
      facts: leaderFacts({ learners: ["d/0"], silent: ["b/0"] }),
      want: change(["a/0", "c/0", "d/0"]),
    },
    {
      name: "is refused while the replacement lags",
      facts: leaderFacts({ learners: ["d/0"], match: { "d/0": 3_000 } }),
      want: refused("not-live", "not caught up"),
    },
    {
      name: "is refused when the replacement does not take part, and says what to do first",
      want: refused("unknown", "AddNode"),
    },
    {
      name: "is refused for an unknown server",
      of: "x",
      facts: withD,
      want: refused("unknown", "server_id=x"),
    },
    {
      name: "is refused for the leader",
      of: "a",
      facts: withD,
      want: refused("precondition", "DemoteLeader"),
    },
    { name: "is refused for a server by itself", by: "b/0", want: refused("invalid") },
    {
      name: "is refused for a server without a vote",
      of: "e",
      facts: leaderFacts({ learners: ["d/0", "e/0"] }),
      want: refused("precondition", "RemoveNode"),
    },
    {
      name: "waits for the end of another change",
      facts: leaderFacts({ learners: ["d/0"], isCommitted: false }),
      want: refused("busy"),
    },
  ])("$name", ({ of = "b", by = "d", facts = leaderFacts(), want }) => {
    expect(planReplacement(facts, { serverId: of, replacementId: by })).toEqual(want);
  });
});
