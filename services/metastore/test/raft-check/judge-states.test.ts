import { describe, expect, it } from "@jest/globals";
import type { Membership } from "@hearth/raft";

import { judgeStates, type StateVerdict } from "../../src/raft-check/judge-states.ts";

interface Case {
  readonly name: string;
  /** Three voters when absent. */
  readonly membership?: Partial<Membership>;
  /** Node to digest. */
  readonly digests: Readonly<Record<string, string>>;
  readonly want: StateVerdict;
}

const five = { voters: ["a", "b", "c", "d", "e"] };

describe("whose state is wrong at a checkpoint", () => {
  it.each<Case>([
    { name: "nobody's, when all are equal", digests: { a: "1", b: "1", c: "1" }, want: { type: "equal" } },
    {
      name: "nobody's, when a quorum is equal and one says nothing",
      digests: { a: "1", c: "1" },
      want: { type: "equal" },
    },
    {
      name: "that of the one which differs from a quorum",
      digests: { a: "1", b: "2", c: "1" },
      want: { type: "diverged", digest: "1", nodes: ["b"] },
    },
    {
      name: "that of all who differ from a quorum, from each other too",
      membership: five,
      digests: { a: "3", b: "1", c: "2", d: "1", e: "1" },
      want: { type: "diverged", digest: "1", nodes: ["a", "c"] },
    },
    {
      name: "unclear, when two are right of five that answer three",
      membership: five,
      digests: { a: "1", b: "1", c: "2" },
      want: { type: "undecided" },
    },
    { name: "unclear, when all differ", digests: { a: "1", b: "2", c: "3" }, want: { type: "undecided" } },
    {
      name: "unclear, when two of three answer and differ",
      digests: { a: "1", b: "2" },
      want: { type: "undecided" },
    },
    {
      name: "unclear, when there are two nodes",
      membership: { voters: ["a", "b"] },
      digests: { a: "1", b: "2" },
      want: { type: "undecided" },
    },
    {
      name: "not to be told, when one of three has the checkpoint",
      digests: { a: "1" },
      want: { type: "unknown" },
    },
    {
      name: "not to be told, when learners alone have it beside one voter",
      membership: { learners: ["x", "y"] },
      digests: { a: "1", x: "1", y: "2" },
      want: { type: "unknown" },
    },
    {
      name: "that of a learner",
      membership: { learners: ["x"] },
      digests: { a: "1", b: "1", x: "2" },
      want: { type: "diverged", digest: "1", nodes: ["x"] },
    },
    {
      name: "unclear, when the new half of a joint configuration agrees and the old one does not",
      membership: { voters: ["a", "b", "d"], outgoing: ["a", "c", "e"] },
      digests: { a: "1", b: "1", c: "2", d: "1" },
      want: { type: "undecided" },
    },
    {
      name: "that of the one which differs from both halves of a joint configuration",
      membership: { voters: ["a", "b", "d"], outgoing: ["a", "b", "c"] },
      digests: { a: "1", b: "1", c: "2", d: "1" },
      want: { type: "diverged", digest: "1", nodes: ["c"] },
    },
  ])("is $name", ({ membership, digests, want }) => {
    const all = { voters: ["a", "b", "c"], outgoing: [], learners: [], ...membership };
    expect(judgeStates(all, new Map(Object.entries(digests)))).toEqual(want);
  });
});
