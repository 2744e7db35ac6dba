import { describe, expect, it } from "@jest/globals";

import {
  decodeMembership,
  encodeMembership,
  isJoint,
  isLegalStep,
  isMember,
  isVoter,
  membersOf,
  type Membership,
  type MembershipTarget,
  type NodeId,
} from "../src/index.ts";
import { finalStep, firstStep } from "../src/membership.ts";
import { MembershipLog } from "../src/membership-log.ts";
import { wrongSeeds, type Chance } from "./model/seeded.ts";
import { alwaysShareANode } from "./model/slow-quorum.ts";

const NODES = ["a", "b", "c", "d", "e"];

describe("changes of the members", () => {
  it("go in legal steps, and quorums of neighbours always share a node", () => {
    expect(
      wrongSeeds(5_000, (chance) => {
        let current: Membership = { voters: anyVoters(chance), outgoing: [], learners: [] };
        for (let change = 0; change < 3; change++) {
          for (const next of stepsTo(current, anyTarget(chance))) {
            if (!isLegalStep(current, next) || !alwaysShareANode(current, next)) return false;
            current = next;
          }
        }
        return true;
      }),
    ).toEqual([]);
  });

  it("end where they were meant to end", () => {
    expect(
      wrongSeeds(5_000, (chance) => {
        const target = anyTarget(chance);
        const end = stepsTo({ voters: anyVoters(chance), outgoing: [], learners: [] }, target).at(-1);
        const learners = target.learners.filter((node) => !target.voters.includes(node));
        return JSON.stringify(end) === JSON.stringify({ voters: target.voters, outgoing: [], learners });
      }),
    ).toEqual([]);
  });

  it("are refused in any step after which two quorums might not share a node", () => {
    expect(
      wrongSeeds(5_000, (chance) => {
        const [current, next] = [anyMembership(chance), anyMembership(chance)];
        return !isLegalStep(current, next) || alwaysShareANode(current, next);
      }),
    ).toEqual([]);
  });

  it("survive being written down", () => {
    expect(
      wrongSeeds(5_000, (chance) => {
        const membership = anyMembership(chance);
        const decoded = decodeMembership(encodeMembership(membership));
        return JSON.stringify(decoded) === JSON.stringify(membership);
      }),
    ).toEqual([]);
  });

  it.each([
    { name: "only learners change", voters: ["a", "b"], learners: ["c"], want: [[]] },
    { name: "the voters change", voters: ["a", "c"], learners: [], want: [["a", "b"], []] },
    { name: "a voter becomes a learner", voters: ["a"], learners: ["b"], want: [["a", "b"], []] },
    { name: "nothing changes", voters: ["b", "a"], learners: [], want: [[]] },
  ])("are joint only on the way to other voters: $name", ({ voters, learners, want }) => {
    const steps = stepsTo({ voters: ["a", "b"], outgoing: [], learners: [] }, { voters, learners });
    expect(steps.map(({ outgoing }) => outgoing)).toEqual(want);
  });

  it.each<{ name: string; current: Partial<Membership>; next: Partial<Membership> }>([
    { name: "without a voter", current: { voters: ["a"] }, next: { voters: [] } },
    { name: "at once", current: { voters: ["a"] }, next: { voters: ["b"] } },
    {
      name: "from other voters",
      current: { voters: ["a"] },
      next: { voters: ["b"], outgoing: ["c"] },
    },
    {
      name: "from joint to joint",
      current: { voters: ["a"], outgoing: ["b"] },
      next: { voters: ["c"], outgoing: ["a"] },
    },
    {
      name: "from joint to other voters than those that come",
      current: { voters: ["a"], outgoing: ["b"] },
      next: { voters: ["b"] },
    },
  ])("are illegal $name", ({ current, next }) => {
    const none = { voters: [], outgoing: [], learners: [] };
    expect(isLegalStep({ ...none, ...current }, { ...none, ...next })).toBe(false);
  });
});

describe("a configuration", () => {
  const joint: Membership = { voters: ["a", "d"], outgoing: ["a", "b"], learners: ["c"] };

  it("has voters of both halves, and members", () => {
    expect(NODES.filter((node) => isVoter(joint, node))).toEqual(["a", "b", "d"]);
    expect(NODES.filter((node) => isMember(joint, node))).toEqual(["a", "b", "c", "d"]);
    expect(membersOf(joint)).toEqual(["a", "b", "c", "d"]);
  });

  it.each([
    { name: "no JSON", text: "{" },
    { name: "null", text: "null" },
    { name: "a list that is missing", text: '{"voters":["a"],"outgoing":[]}' },
    { name: "a node that is no text", text: '{"voters":[1],"outgoing":[],"learners":[]}' },
    { name: "a node twice", text: '{"voters":["a","a"],"outgoing":[],"learners":[]}' },
    { name: "nodes out of order", text: '{"voters":["b","a"],"outgoing":[],"learners":[]}' },
  ])("is not read from $name", ({ text }) => {
    expect(decodeMembership(new TextEncoder().encode(text))).toBeUndefined();
  });

  it("is not read from bytes that are no text", () => {
    expect(decodeMembership(Uint8Array.of(0xff, 0xfe))).toBeUndefined();
  });
});

describe("the configurations of a log", () => {
  const only = (node: NodeId): Membership => ({ voters: [node], outgoing: [], learners: [] });
  const [first, second, third] = [only("a"), only("b"), only("c")];

  it("count from where they were appended, and go with their entries", () => {
    const log = new MembershipLog(1, first);
    log.push(5, second);
    log.push(9, third);
    expect([1, 4, 5, 8, 9, 20].map((index) => log.at(index))).toEqual([
      first,
      first,
      second,
      second,
      third,
      third,
    ]);
    expect(log.truncateFrom(9)).toBe(true);
    expect(log.current).toBe(second);
    expect(log.truncateFrom(6)).toBe(false);
    expect(log.truncateFrom(2)).toBe(true);
    expect(log.current).toBe(first);
    expect(log.truncateFrom(1)).toBe(false);
  });

  it("before a snapshot are forgotten, but for the one that counts there", () => {
    const log = new MembershipLog(1, first);
    log.push(5, second);
    log.push(9, third);
    log.compactTo(7);
    expect([7, 9].map((index) => log.at(index))).toEqual([second, third]);
    expect(log.currentIndex).toBe(9);
    log.reset(20, first);
    expect([log.current, log.currentIndex]).toEqual([first, 20]);
  });
});

/** All configurations on the way. */
function stepsTo(current: Membership, target: MembershipTarget): Membership[] {
  const first = firstStep(current, target);
  return isJoint(first) ? [first, finalStep(first)] : [first];
}

function anyTarget(chance: Chance): MembershipTarget {
  return { voters: anyVoters(chance), learners: chance.some(NODES) };
}

function anyMembership(chance: Chance): Membership {
  const outgoing = chance.isTrue(0.5) ? anyVoters(chance) : [];
  return { voters: anyVoters(chance), outgoing, learners: chance.some(NODES) };
}

function anyVoters(chance: Chance): NodeId[] {
  const first = chance.pick(NODES);
  return NODES.filter((node) => node === first || chance.isTrue(0.5));
}
