import { describe, expect, it } from "@jest/globals";

import { CheckedGroup } from "./support/checked-group.ts";

describe("a leader", () => {
  it("compares a checkpoint when the others have had one look's time to come there, and once", async () => {
    const group = new CheckedGroup();
    await group.look();
    group.asked = [];
    group.reach(10);
    await group.look();
    expect(group.asked).toEqual([]);
    await group.look();
    expect(group.asked).toEqual(["b/0 10", "c/0 10"]);
    await group.look();
    expect(group.asked).toHaveLength(2);
    expect(group.reports).toEqual([
      {
        index: 10,
        verdict: { type: "equal" },
        digests: new Map([
          ["a/0", "same"],
          ["b/0", "same"],
          ["c/0", "same"],
        ]),
      },
    ]);
  });

  it("compares the newest of several checkpoints", async () => {
    const group = new CheckedGroup();
    group.reach(10);
    group.reach(20);
    await group.look();
    group.reach(30);
    await group.look();
    await group.look();
    expect(group.reports.map(({ index }) => index)).toEqual([20, 30]);
  });

  it("ends a follower that a quorum contradicts, and nobody else", async () => {
    const group = new CheckedGroup();
    await group.compare(10, { "b/0": "wrong" });
    expect(group.ended).toEqual(["b/0"]);
    expect(group.node("b/0").problem).toBe(
      "index=10 digest=wrong quorum_digest=same: empty the folders of this node and start it, and it comes back as a new member",
    );
  });

  it("ends itself when it is the one that differs", async () => {
    const group = new CheckedGroup();
    await group.compare(10, { "a/0": "wrong" });
    expect(group.ended).toEqual(["a/0"]);
    expect(group.leader.role).toBe("corrupt");
    await group.compare(20);
    expect(group.reports).toHaveLength(1);
  });

  it("ends a learner that differs", async () => {
    const group = new CheckedGroup();
    group.membership = { ...group.membership, learners: ["x/0"] };
    await group.compare(10, { "x/0": "wrong" });
    expect(group.ended).toEqual(["x/0"]);
  });

  it("ends nobody when no digest has a quorum, and says so", async () => {
    const group = new CheckedGroup();
    group.node("c/0").isSilent = true;
    await group.compare(10, { "b/0": "other" });
    expect(group.ended).toEqual([]);
    expect(group.reports).toMatchObject([{ index: 10, verdict: { type: "undecided" } }]);
  });

  it.each([
    { name: "are silent", change: (group: CheckedGroup) => (group.node("c/0").isSilent = true) },
    { name: "do not have it", change: (group: CheckedGroup) => (group.node("c/0").checkpoints = []) },
    { name: "are of another version", change: (group: CheckedGroup) => (group.node("c/0").stateVersion = 2) },
  ])("leaves out nodes that $name", async ({ change }) => {
    const group = new CheckedGroup();
    group.reach(10, { "c/0": "other" });
    change(group);
    await group.look();
    await group.look();
    expect(group.ended).toEqual([]);
    expect(group.reports).toMatchObject([{ verdict: { type: "equal" } }]);
  });

  it("finds at the next checkpoint who was not reached at this one", async () => {
    const group = new CheckedGroup();
    group.node("b/0").isSilent = true;
    await group.compare(10, { "b/0": "wrong" });
    group.node("b/0").isSilent = false;
    await group.compare(20, { "b/0": "wrong still" });
    expect(group.ended).toEqual(["b/0"]);
  });
});

describe("a node that does not lead, or is alone", () => {
  it.each([
    { name: "follows", change: (group: CheckedGroup) => (group.leader.role = "follower") },
    {
      name: "is alone",
      change: (group: CheckedGroup) => (group.membership = { voters: ["a/0"], outgoing: [], learners: [] }),
    },
  ])("asks nobody: $name", async ({ change }) => {
    const group = new CheckedGroup();
    change(group);
    await group.compare(10, { "b/0": "wrong" });
    expect(group.asked).toEqual([]);
    expect(group.reports).toEqual([]);
  });
});

describe("a leader that can write versions 1 and 2", () => {
  it("writes 2 once all members have said that they can apply it", async () => {
    const group = new CheckedGroup(2);
    expect(group.check.commandVersion).toBe(1);
    await group.look();
    expect(group.check.commandVersion).toBe(2);
  });

  it.each([
    { name: "says nothing", change: (group: CheckedGroup) => (group.node("c/0").isSilent = true) },
    { name: "is older", change: (group: CheckedGroup) => (group.node("c/0").stateVersion = 1) },
    {
      name: "is an older learner",
      change: (group: CheckedGroup) => {
        group.membership = { ...group.membership, learners: ["x/0"] };
        group.node("x/0").stateVersion = 1;
      },
    },
    {
      name: "is older, in the old half of a joint configuration",
      change: (group: CheckedGroup) => {
        group.membership = { ...group.membership, outgoing: ["a/0", "x/0"] };
        group.node("x/0").stateVersion = 1;
      },
    },
  ])("holds 2 back while a member $name", async ({ change }) => {
    const group = new CheckedGroup(2);
    change(group);
    await group.look();
    expect(group.check.commandVersion).toBe(1);
    for (const node of group.nodes.values()) Object.assign(node, { isSilent: false, stateVersion: 2 });
    await group.look();
    expect(group.check.commandVersion).toBe(2);
  });

  it("asks all members as long as one may be older, and then nobody", async () => {
    const group = new CheckedGroup(2);
    group.node("b/0").stateVersion = 1;
    await group.look();
    group.node("b/0").stateVersion = 2;
    for (let looks = 0; looks < 3; looks++) await group.look();
    expect(group.asked).toEqual(["b/0 0", "c/0 0", "b/0 0", "c/0 0"]);
  });

  it("learns that a member went back while another one is not upgraded yet", async () => {
    const group = new CheckedGroup(2);
    group.node("b/0").stateVersion = 1;
    await group.look();
    group.node("b/0").stateVersion = 2;
    group.node("c/0").stateVersion = 1;
    await group.look();
    expect(group.check.commandVersion).toBe(1);
  });

  it("goes back to 1 when a member comes in that it does not know", async () => {
    const group = new CheckedGroup(2);
    await group.look();
    group.membership = { ...group.membership, learners: ["x/0"] };
    expect(group.check.commandVersion).toBe(1);
  });

  it("believes what it is told at a checkpoint", async () => {
    const group = new CheckedGroup(2);
    await group.look();
    group.node("b/0").stateVersion = 1;
    await group.compare(10);
    expect(group.check.commandVersion).toBe(1);
  });

  it("forgets what it was told when it does not lead any more", async () => {
    const group = new CheckedGroup(2);
    await group.look();
    group.leader.role = "follower";
    await group.look();
    group.leader.role = "leader";
    expect(group.check.commandVersion).toBe(1);
  });

  it("writes 2 when it is alone", () => {
    const group = new CheckedGroup(2);
    group.membership = { voters: ["a/0"], outgoing: [], learners: [] };
    expect(group.check.commandVersion).toBe(2);
  });
});
