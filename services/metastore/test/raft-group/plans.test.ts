import { describe, expect, it } from "@jest/globals";
import type { PeerStatus } from "@hearth/raft";

import { mayTakePart, planFirstBoot, type PeerState } from "../../src/raft-group/first-boot-plan.ts";
import { hasPeers, parseBindAddress } from "../../src/raft-group/group-settings.ts";
import { planJoin, planPromotion, type MembershipFacts } from "../../src/raft-group/plan-membership.ts";

const silent: PeerState = { type: "silent" };
const empty: PeerState = { type: "empty" };
const begun: PeerState = { type: "begun" };
const member: PeerState = { type: "member", clusterId: "c" };

function peers(...states: readonly PeerState[]): ReadonlyMap<string, PeerState> {
  return new Map(states.map((state, at) => [`peer-${at + 1}`, state]));
}

describe("a node with an empty disk", () => {
  it.each([
    { name: "begins when all peers are empty too", states: [empty, empty], want: { type: "begin" } },
    {
      name: "begins when others have begun, and nobody has voted",
      states: [begun, empty],
      want: { type: "begin" },
    },
    {
      name: "waits for a peer that is silent",
      states: [empty, silent],
      want: { type: "wait", missing: ["peer-2"] },
    },
    {
      name: "joins where there is a cluster, whoever else is silent",
      states: [member, silent],
      want: { type: "join" },
    },
    {
      name: "joins where there is a cluster, though another peer has just begun",
      states: [begun, member],
      want: { type: "join" },
    },
  ])("$name", ({ states, want }) => {
    expect(planFirstBoot(peers(...states), true)).toEqual(want);
  });

  it("does not begin a cluster that it is not named in", () => {
    expect(planFirstBoot(peers(empty, empty), false)).toEqual({ type: "wait", missing: [] });
    expect(planFirstBoot(peers(member), false)).toEqual({ type: "join" });
  });

  it.each([
    { name: "not while a peer is empty", states: [begun, empty], want: false },
    { name: "not while a peer is silent: it may be empty", states: [begun, silent], want: false },
    { name: "once all have begun", states: [begun, begun], want: true },
    { name: "once a peer is a member: it waited for all", states: [begun, member], want: true },
  ])("takes part $name", ({ states, want }) => {
    expect(mayTakePart(peers(...states))).toBe(want);
  });
});

function peer(node: string, more: Partial<PeerStatus> = {}): PeerStatus {
  return {
    node,
    state: "replicate",
    matchIndex: 5_000,
    nextIndex: 5_001,
    inFlight: 0,
    isActive: true,
    hasRegressed: false,
    ...more,
  };
}

function facts(more: Partial<MembershipFacts> = {}): MembershipFacts {
  return {
    membership: { voters: ["a/0", "b/0", "c/0"], outgoing: [], learners: ["c/41"] },
    isCommitted: true,
    commit: 5_000,
    lastIndex: 5_002,
    peers: [peer("b/0"), peer("c/0", { isActive: false }), peer("c/41")],
    ...more,
  };
}

describe("a learner", () => {
  it("takes the place of its former incarnation when it has caught up", () => {
    expect(planPromotion(facts())).toEqual({ voters: ["a/0", "b/0", "c/41"], learners: [] });
  });

  it("becomes one more voter when nobody had its name", () => {
    const membership = { voters: ["a/0"], outgoing: [], learners: ["d/7"] };
    expect(planPromotion(facts({ membership, peers: [peer("d/7")] }))).toEqual({
      voters: ["a/0", "d/7"],
      learners: [],
    });
  });

  it.each<{ name: string; change: Partial<MembershipFacts> }>([
    { name: "it lags", change: { peers: [peer("c/41", { matchIndex: 3_975 })] } },
    { name: "it was not heard of", change: { peers: [peer("c/41", { isActive: false })] } },
    { name: "it is sent a snapshot", change: { peers: [peer("c/41", { state: "snapshot" })] } },
    { name: "it lost what it acknowledged", change: { peers: [peer("c/41", { hasRegressed: true })] } },
    { name: "the last change is not committed", change: { isCommitted: false } },
    {
      name: "a change is under way",
      change: { membership: { voters: ["a/0", "b/0"], outgoing: ["a/0", "c/0"], learners: ["c/41"] } },
    },
  ])("waits while $name", ({ change }) => {
    expect(planPromotion(facts(change))).toBeUndefined();
  });
});

describe("a node that wants to join", () => {
  it("comes in as a learner, under the index of the entry that takes it in", () => {
    const membership = { voters: ["a/0", "b/0", "c/0"], outgoing: [], learners: [] };
    expect(planJoin(facts({ membership }), { name: "c", nodeId: undefined })).toEqual({
      type: "add",
      nodeId: "c/5003",
      target: { voters: ["a/0", "b/0", "c/0"], learners: ["c/5003"] },
    });
  });

  it("takes the place of a learner of its name, which never had a vote", () => {
    expect(planJoin(facts(), { name: "c", nodeId: undefined })).toMatchObject({
      target: { voters: ["a/0", "b/0", "c/0"], learners: ["c/5003"] },
    });
  });

  it("is told its id again when it asks again", () => {
    expect(planJoin(facts(), { name: "c", nodeId: "c/41" })).toEqual({ type: "known", nodeId: "c/41" });
  });

  it("waits while members are being changed", () => {
    expect(planJoin(facts({ isCommitted: false }), { name: "d", nodeId: undefined }).type).toBe("wait");
  });
});

describe("the settings of a group", () => {
  const alone = { serverId: "localhost:9099", bootstrapPeers: [], bindAddress: "" };

  it.each([
    { name: "a node without peers does not listen", settings: alone, want: false },
    {
      name: "nor one that names itself alone",
      settings: { ...alone, bootstrapPeers: ["localhost:9099"] },
      want: false,
    },
    {
      name: "one with peers does",
      settings: { ...alone, bootstrapPeers: ["localhost:9099", "b:9099"] },
      want: true,
    },
    { name: "one that is told where does", settings: { ...alone, bindAddress: ":9099" }, want: true },
  ])("$name", ({ settings, want }) => {
    expect(hasPeers(settings)).toBe(want);
  });

  it.each([
    {
      name: "the port of its name, on every address",
      settings: { ...alone, serverId: "meta-0.meta:9099" },
      want: { host: "0.0.0.0", port: 9099 },
    },
    {
      name: "what it is told",
      settings: { ...alone, bindAddress: "127.0.0.1:7000" },
      want: { host: "127.0.0.1", port: 7000 },
    },
    {
      name: "every address when it is told a port",
      settings: { ...alone, bindAddress: ":7000" },
      want: { host: "0.0.0.0", port: 7000 },
    },
  ])("listens at $name", ({ settings, want }) => {
    expect(parseBindAddress(settings)).toEqual(want);
  });

  it("names the setting that has no port", () => {
    expect(() => parseBindAddress({ ...alone, serverId: "node" })).toThrow("-metastore.raft.server-id");
    expect(() => parseBindAddress({ ...alone, bindAddress: "node" })).toThrow("-metastore.raft.bind-address");
  });
});
