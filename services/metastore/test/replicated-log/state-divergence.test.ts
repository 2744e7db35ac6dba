import { describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";

import { KEPT_CHECKPOINTS } from "../../src/raft-node/applier.ts";
import { CHECKPOINT_ENTRIES, SimulatedNode } from "../support/simulated-node.ts";

async function startedNode(): Promise<SimulatedNode> {
  const node = new SimulatedNode(seededRandom(1));
  await node.log.start();
  return node;
}

describe("checkpoints of a node", () => {
  it("are the state after entries at a fixed distance, and the last few are remembered", async () => {
    const node = await startedNode();
    const last = CHECKPOINT_ENTRIES * (KEPT_CHECKPOINTS + 2);
    // Entry 2 is that of the first term.
    const commands = Array.from({ length: last }, (_, n) => String(n + 3));
    for (const command of commands) await node.propose(command);
    const kept = Array.from(
      { length: KEPT_CHECKPOINTS },
      (_, n) => last - n * CHECKPOINT_ENTRIES,
    ).toReversed();
    const stateAfter = (index: number): string => commands.slice(0, index - 2).join();
    expect(node.log.node?.checkpoints).toEqual(kept.map((index) => ({ index, digest: stateAfter(index) })));
  });

  it("are the same after a start from snapshot and log, as far as the log goes", async () => {
    const node = await startedNode();
    for (let index = 3; index <= 9; index++) await node.propose(String(index));
    await node.takeSnapshot();
    for (let index = 10; index <= 16; index++) await node.propose(String(index));
    const before = node.log.node?.checkpoints.filter(({ index }) => index > 9);
    node.crash();
    node.boot();
    await node.log.start();
    expect(node.log.node?.checkpoints).toEqual(before);
  });
});

describe("a node whose state has diverged", () => {
  const detail = "index=6 digest=a majority_digest=b: empty the folders";
  const problem = `the metastore's state has diverged: reason=STATE_DIVERGED ${detail}`;

  it("ends at once: it acknowledges, answers and applies nothing more", async () => {
    const node = await startedNode();
    await node.propose("before");
    const late = node.propose("late");
    const ended = node.log.stopDiverged(detail);
    await expect(late).rejects.toThrow(/the outcome is unknown/u);
    await ended;
    expect(node.log.status()).toMatchObject({ role: "corrupt", problem });
    expect(node.problems).toEqual([`corrupt: ${problem}`]);
    await expect(node.propose("after")).rejects.toThrow(/STATE_DIVERGED/u);
    await expect(node.readIndex()).rejects.toThrow(/STATE_DIVERGED/u);
    expect(node.machine.applied).toEqual(["before"]);
  });

  it("does not come back on its files, and still says why", async () => {
    const node = await startedNode();
    await node.propose("before");
    await node.log.stopDiverged(detail);
    node.crash();
    for (let start = 0; start < 2; start++) {
      node.boot();
      await node.log.start();
      const { role, problem } = node.log.status();
      expect({ role, problem }).toEqual({
        role: "corrupt",
        problem: `the metastore's files are damaged: reason=STATE_DIVERGED ${detail}`,
      });
    }
  });

  it("has ended even where the mark cannot be written", async () => {
    const node = await startedNode();
    node.directory.failAfter(0);
    await expect(node.log.stopDiverged(detail)).rejects.toThrow(/input\/output error/u);
    expect(node.log.status().role).toBe("corrupt");
  });
});
