import { describe, expect, it } from "@jest/globals";

import type { Survivor } from "../../src/lost-majority/plan-survivor.ts";
import type { RecoveryOutcome } from "../../src/lost-majority/recover-node.ts";
import { outcomeText, recoveryExitCode, stepText } from "../../src/lost-majority/recovery-text.ts";

const identity = { clusterId: "ab".repeat(16), recoveryEpoch: 0, nodeId: "a:1/0" };
const survivor: Survivor = {
  identity,
  term: 8,
  snapshotIndex: 40,
  end: { index: 100, term: 7, chain: 77 },
  membership: { voters: ["a:1/0", "b:1/0"], outgoing: ["b:1/0", "c:1/0"], learners: ["d:1/9"] },
  toWipe: ["b:1", "c:1", "d:1"],
};
const recovered = {
  identity: { ...identity, recoveryEpoch: 1 },
  term: 7,
  vote: undefined,
  witness: { index: 100, chain: 77 },
};

describe("what a person reads", () => {
  it("before anything is done", () => {
    expect(outcomeText({ type: "planned", survivor })).toBe(
      `survivor        a:1/0
cluster         abababababababababababababababab
epoch           0
members         a:1/0 (voter), b:1/0 (voter, leaving voter), c:1/0 (leaving voter), d:1/9 (learner)
last index      100
last term       7, and has heard of 8
snapshot        40, and 60 entries of the log after it
With --accept-data-loss, a:1/0 becomes the only voter, in epoch 1,
with everything up to entry 100. What only the others have is lost: of several survivors,
take the one with the highest last term, then the highest last index.
To be wiped then: b:1, c:1, d:1
Nothing was changed: --accept-data-loss is not given.
`,
    );
  });

  it("when it is done", () => {
    expect(outcomeText({ type: "recovered", recovered, survivor })).toBe(
      `a:1 is recovered: the only voter, epoch 1, last index 100, term 7.
The old state lies aside as hard-state.before-recovery-1, log.before-recovery-1, snapshots.before-recovery-1.
What to do next:
1. Start this node. It leads at once.
2. Empty the folders of b:1, c:1, d:1.
   Start them, with a:1 among their -metastore.raft.bootstrap-peers. They join by themselves.
3. npm run rebuild-index adds what the bucket has beyond.
4. When all is well, remove what lies aside.
`,
    );
  });

  it("when what was broken off is finished: who the others are is not known any more", () => {
    expect(outcomeText({ type: "recovered", recovered, survivor: undefined })).toContain(
      "2. Empty the folders of all other nodes.\n",
    );
  });

  it("when one was broken off, and there is no consent to go on", () => {
    expect(outcomeText({ type: "unfinished", recovered })).toBe(
      `A recovery of a:1 to epoch 1 was broken off: no start goes on until it is finished.
Nothing was changed. To finish it, give --accept-data-loss.
`,
    );
  });

  it("on its way", () => {
    const steps = [
      { type: "applying", applied: 5, of: 9 },
      { type: "writing" },
      { type: "checking" },
    ] as const;
    expect([...steps, { type: "swapping" } as const].map(stepText).join("")).toBe(
      `reads the log: 5 of 9 entries
writes the state at the end of the log
reads it back
puts it in the place of the old one
`,
    );
  });
});

describe("the exit code", () => {
  it.each<{ outcome: RecoveryOutcome; want: number }>([
    { outcome: { type: "recovered", recovered, survivor }, want: 0 },
    { outcome: { type: "planned", survivor }, want: 2 },
    { outcome: { type: "unfinished", recovered }, want: 2 },
  ])("of $outcome.type is $want", ({ outcome, want }) => {
    expect(recoveryExitCode(outcome)).toBe(want);
  });
});
