import { describe, expect, it } from "@jest/globals";

import { planSurvivor, refusedText, type SurvivorFindings } from "../../src/lost-majority/plan-survivor.ts";
import type { HardState } from "../../src/replicated-log/hard-state.ts";
import { bootstrapMembership, firstIdentity } from "../../src/replicated-log/identity.ts";

const peers = ["a:1", "b:1", "c:1"];
const cluster = { clusterName: "metastore", nodeName: "a:1", initialPeers: peers };
const identity = firstIdentity({ name: "metastore", peers, nodeName: "a:1" });
const hardState: HardState = { identity, term: 7, vote: "b:1/0", witness: { index: 90, chain: 11 } };
const members = bootstrapMembership(peers);

const findings: SurvivorFindings = {
  cluster,
  hardState,
  snapshotIndex: 40,
  end: { index: 100, term: 7, chain: 77 },
  membership: members,
  isMembershipOfSettings: false,
  inTheWay: [],
};

describe("a survivor", () => {
  it("becomes the only voter of the same cluster in the next epoch, at the end of its log, and forgets no promise", () => {
    expect(planSurvivor(findings)).toEqual({
      type: "recover",
      survivor: {
        identity,
        term: 7,
        snapshotIndex: 40,
        end: findings.end,
        membership: members,
        toWipe: ["b:1", "c:1"],
      },
      hardState: {
        identity: { ...identity, recoveryEpoch: 1 },
        term: 7,
        vote: "b:1/0",
        witness: { index: 100, chain: 77 },
      },
      membership: { voters: ["a:1/0"], outgoing: [], learners: [] },
    });
  });

  it("has the term of its last entry, when a crash left the hard state behind, and no vote in it", () => {
    const end = { ...findings.end, term: 9 };
    expect(planSurvivor({ ...findings, end })).toMatchObject({ hardState: { term: 9, vote: undefined } });
  });

  it.each<{ name: string; change: Partial<SurvivorFindings>; toWipe: string[] }>([
    {
      name: "learners and leaving voters too",
      change: { membership: { voters: ["a:1/0", "b:1/0"], outgoing: ["c:1/0"], learners: ["d:1/9"] } },
      toWipe: ["b:1", "c:1", "d:1"],
    },
    {
      name: "each name once, its own former self not among them",
      change: { membership: { voters: ["a:1/0", "a:1/4", "b:1/0"], outgoing: [], learners: ["b:1/8"] } },
      toWipe: ["b:1"],
    },
    {
      name: "a learner's: it may be all that is left",
      change: { membership: { voters: ["b:1/0", "c:1/0"], outgoing: [], learners: ["a:1/0"] } },
      toWipe: ["b:1", "c:1"],
    },
    {
      name: "those of the settings, when they are those that the cluster began with",
      change: { isMembershipOfSettings: true },
      toWipe: ["b:1", "c:1"],
    },
  ])("names who is to be wiped: $name", ({ change, toWipe }) => {
    expect(planSurvivor({ ...findings, ...change })).toMatchObject({ type: "recover", survivor: { toWipe } });
  });

  it.each<{ name: string; change: Partial<SurvivorFindings>; reason: RegExp }>([
    {
      name: "it is the only voter",
      change: { membership: { voters: ["a:1/0"], outgoing: [], learners: ["b:1/5"] } },
      reason: /the only voter, and needs no others: start it: node=a:1\/0/u,
    },
    {
      name: "it was taken out of the group",
      change: { membership: { voters: ["b:1/0", "c:1/0"], outgoing: [], learners: [] } },
      reason: /not a member of the group: node=a:1\/0/u,
    },
    {
      name: "only the settings name the members, and others than the cluster began with",
      change: { isMembershipOfSettings: true, cluster: { ...cluster, initialPeers: ["a:1"] } },
      reason: /give -metastore\.raft\.bootstrap-peers/u,
    },
    {
      name: "an earlier recovery put something aside under the names that this one needs",
      change: { inTheWay: ["log.before-recovery-1"] },
      reason: /move away what an earlier recovery put aside: log\.before-recovery-1/u,
    },
  ])("is refused: $name", ({ change, reason }) => {
    expect(planSurvivor({ ...findings, ...change })).toEqual({
      type: "refuse",
      reason: expect.stringMatching(reason),
    });
  });

  it("is not begun with what a start would refuse, or take for a new node's", () => {
    expect(refusedText({ type: "refuse", reason: "ACKED_LOG_LOST" }, identity)).toBe(
      `a start refuses these files too: reason=ACKED_LOG_LOST node=a:1/0 cluster=${identity.clusterId} epoch=0`,
    );
    expect(refusedText({ type: "first-boot" }, identity)).toBe("there are no files of a node");
  });
});
