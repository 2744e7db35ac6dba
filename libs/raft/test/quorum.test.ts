import { describe, expect, it } from "@jest/globals";

import type { Membership, NodeId } from "../src/index.ts";
import { isQuorum, quorumIndex, voteOutcome } from "../src/quorum.ts";
import { wrongSeeds, type Chance } from "./model/seeded.ts";
import { setOf, slowIsQuorum, slowQuorumIndex, slowVoteOutcome } from "./model/slow-quorum.ts";

const NODES = ["a", "b", "c", "d", "e", "f"];

describe("majorities", () => {
  it("are what trying all sets of nodes finds", () => {
    expect(
      wrongSeeds(20_000, (chance) => {
        const membership = anyMembership(chance);
        const has = new Set(chance.some(NODES));
        return isQuorum(membership, (node) => has.has(node)) === slowIsQuorum(membership, setOf(has));
      }),
    ).toEqual([]);
  });

  it("have the index that trying all sets of nodes finds", () => {
    expect(
      wrongSeeds(20_000, (chance) => {
        const membership = anyMembership(chance);
        const indexes = new Map(NODES.map((node) => [node, chance.between(0, 5)]));
        const fast = quorumIndex(membership, (node) => indexes.get(node) ?? 0);
        return fast === slowQuorumIndex(membership, indexes);
      }),
    ).toEqual([]);
  });

  it("decide a vote when no further answer can change it", () => {
    expect(
      wrongSeeds(20_000, (chance) => {
        const membership = anyMembership(chance);
        const votes = new Map(chance.some(NODES, 0.6).map((node) => [node, chance.isTrue(0.5)]));
        return voteOutcome(membership, votes) === slowVoteOutcome(membership, votes);
      }),
    ).toEqual([]);
  });

  it.each([
    { voters: ["a"], outgoing: [], has: ["a"], want: true },
    { voters: ["a", "b"], outgoing: [], has: ["a"], want: false },
    { voters: ["a", "b", "c"], outgoing: [], has: ["a", "c"], want: true },
    { voters: ["a", "b", "c", "d"], outgoing: [], has: ["a", "b"], want: false },
    { voters: ["a", "b"], outgoing: ["b", "c"], has: ["a", "b"], want: false },
    { voters: ["a", "b"], outgoing: ["b", "c"], has: ["a", "b", "c"], want: true },
  ])("of $voters and $outgoing: $has is one: $want", ({ voters, outgoing, has, want }) => {
    expect(isQuorum({ voters, outgoing, learners: [] }, (node) => has.includes(node))).toBe(want);
  });
});

/** Of one to five voters, joint or not. */
function anyMembership(chance: Chance): Membership {
  const outgoing = chance.isTrue(0.5) ? anyVoters(chance) : [];
  return { voters: anyVoters(chance), outgoing, learners: chance.some(NODES, 0.2) };
}

function anyVoters(chance: Chance): NodeId[] {
  const first = chance.pick(NODES);
  return NODES.filter((node) => node === first || chance.isTrue(0.5)).slice(0, 5);
}
