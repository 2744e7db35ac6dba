import { describe, expect, it } from "@jest/globals";

import { groupView, type NodeAnswer, type NodeView } from "./group-view.ts";

const PEERS = ["a/0", "b/0", "c/0"].map((serverId) => ({ serverId, suffrage: "Voter" }));

function node(serverId: string, changes: Partial<NodeView> = {}): NodeAnswer {
  const view = {
    address: `${serverId[0]}:9095`,
    serverId,
    state: "Follower",
    leaderId: "a/0",
    term: 5,
    commitIndex: 10,
    appliedIndex: 9,
    lastIndex: 11,
    version: "1",
    revision: "",
    peers: PEERS,
    stats: [],
    ...changes,
  };
  return { type: "answered", node: view };
}

const LEADER = node("a/0", { state: "Leader" });
const SILENT: NodeAnswer = { type: "silent", address: "c:9095", reason: "refused" };

describe("the group, from what its nodes say", () => {
  it("has each node once, in the order of their ids, whatever the number of ways to it", () => {
    const again = node("b/0", { address: "elsewhere" });
    const { nodes, missing } = groupView([node("c/0"), LEADER, node("b/0"), again]);
    expect(nodes.map(({ serverId, address, suffrage }) => [serverId, address, suffrage])).toEqual([
      ["a/0", "a:9095", "Voter"],
      ["b/0", "b:9095", "Voter"],
      ["c/0", "c:9095", "Voter"],
    ]);
    expect(missing).toEqual([]);
  });

  it.each([
    { name: "the term that all nodes are in", answers: [LEADER, node("b/0")], want: 5 },
    { name: "no term when they differ", answers: [LEADER, node("b/0", { term: 6 })], want: undefined },
    { name: "no term when nobody answered", answers: [SILENT], want: undefined },
    { name: "a term when some are silent", answers: [LEADER, SILENT], want: 5 },
  ])("has $name", ({ answers, want }) => {
    expect(groupView(answers).term).toBe(want);
  });

  it.each([
    { name: "is led by the node that says so", answers: [node("b/0"), LEADER], want: "a/0" },
    {
      name: "is led by the one of the later term when two say so",
      answers: [LEADER, node("b/0", { state: "Leader", term: 6 })],
      want: "b/0",
    },
    { name: "is led by nobody when none says so", answers: [node("b/0"), SILENT], want: undefined },
  ])("$name", ({ answers, want }) => {
    expect(groupView(answers).leader?.serverId).toBe(want);
  });

  it("names members that no answer came from, and addresses that gave none", () => {
    const view = groupView([LEADER, node("b/0"), SILENT]);
    expect(view.missing).toEqual(["c/0"]);
    expect(view.silent).toEqual([SILENT]);
  });

  it("knows who takes part by the leader, else by who has the latest log of the latest term", () => {
    const few = PEERS.slice(0, 2);
    const removed = [node("c/0"), node("a/0", { state: "Leader", peers: few })];
    expect(groupView(removed).nodes.map(({ suffrage }) => suffrage)).toEqual(["Voter", "none"]);
    const leaderless = [node("b/0", { lastIndex: 20, peers: few }), node("c/0")];
    expect(groupView(leaderless).missing).toEqual(["a/0"]);
  });
});
