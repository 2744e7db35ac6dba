import { describe, expect, it } from "@jest/globals";
import type { LogEntry } from "@hearth/raft";

import { followLog } from "../../src/lost-majority/follow-log.ts";
import { bootstrapPosition } from "../../src/replicated-log/identity.ts";
import { ListMachine } from "../support/list-machine.ts";
import {
  allCommands,
  LAST_INDEX,
  positionAt,
  survivorEnd,
  survivorEntries,
  survivorIdentity,
} from "../support/survivor-files.ts";

const from = bootstrapPosition(survivorIdentity);
const { signal } = new AbortController();

/** Each entry takes 400 ms. */
async function follow(entries: readonly (LogEntry | undefined)[], stop = signal) {
  let nowMs = 0;
  const stateMachine = new ListMachine();
  const told: string[] = [];
  const log = {
    async *entries(index: number) {
      for (const [at, entry] of entries.entries()) {
        nowMs += 400;
        if (at + 2 >= index) yield { index: at + 2, entry };
      }
    },
  };
  const membership = await followLog(
    {
      log,
      stateMachine,
      clock: { monotonicMs: () => nowMs },
      onApplied: ({ applied, of }) => void told.push(`${applied} of ${of}`),
    },
    { from, end: survivorEnd },
    stop,
  );
  return { membership, told, applied: stateMachine.applied };
}

function damagedAt(index: number): (LogEntry | undefined)[] {
  return survivorEntries.map((entry) =>
    entry.index === index ? { ...entry, payload: Uint8Array.of(1) } : entry,
  );
}

describe("a log that is followed to its end", () => {
  it("is applied, tells the last members, and how far it is once a second", async () => {
    const { membership, told, applied } = await follow(survivorEntries);
    expect(applied).toEqual(allCommands);
    expect(membership).toEqual({ voters: ["a:1/0", "b:1/0", "c:1/0"], outgoing: [], learners: ["d:1/6"] });
    expect(told).toEqual(["3 of 11", "6 of 11", "9 of 11"]);
  });

  it("is not followed beyond its end: what comes after is torn", async () => {
    const torn = { ...survivorEntries.at(-1)!, index: LAST_INDEX + 1 };
    expect((await follow([...survivorEntries, torn])).applied).toEqual(allCommands);
  });

  it.each<{ name: string; entries: readonly (LogEntry | undefined)[]; problem: string }>([
    {
      name: "an entry changed since the log was looked through",
      entries: damagedAt(6),
      problem: "index=6",
    },
    {
      name: "an entry cannot be read",
      entries: survivorEntries.map((entry) => (entry.index === 9 ? undefined : entry)),
      problem: "an entry is damaged: index=9",
    },
    {
      name: "it ends too early",
      entries: survivorEntries.filter(({ index }) => index <= positionAt(8).index),
      problem: "the log ends too early: index=8",
    },
  ])("is refused: $name", async ({ entries, problem }) => {
    await expect(follow(entries)).rejects.toThrow(problem);
  });

  it("is given up when the signal says so", async () => {
    await expect(follow(survivorEntries, AbortSignal.abort(new Error("stopped")))).rejects.toThrow("stopped");
  });
});
