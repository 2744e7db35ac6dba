import { describe, expect, it } from "@jest/globals";

import {
  defaultRaftSettings,
  encodeMembership,
  RaftCore,
  type LogEntry,
  type Membership,
} from "../src/index.ts";
import { bootstrap, chainOf } from "./scenario/chain-of.ts";

const voters = ["a", "b", "c"];

/** A follower, which gets one configuration from its leader. */
function coreThatGets(payload: Uint8Array): RaftCore {
  const core = new RaftCore(
    { nodeId: "b", bootId: 1, random: () => 0, chainOf, settings: defaultRaftSettings },
    {
      term: 1,
      vote: undefined,
      start: bootstrap,
      entries: [],
      membership: { voters, outgoing: [], learners: [] },
      applied: bootstrap.index,
    },
  );
  const content = { index: 2, term: 1, type: "membership", payload } as const;
  const entry: LogEntry = { ...content, chain: chainOf(bootstrap.chain, content) };
  const append = { type: "append", from: "a", to: "b", term: 1, prev: bootstrap, commit: 1 } as const;
  core.step({ ...append, entries: [entry], rangeEnd: undefined });
  return core;
}

describe("a configuration from a leader", () => {
  it.each<{ name: string; payload: Uint8Array }>([
    { name: "is no configuration", payload: Uint8Array.of(1, 2, 3) },
    { name: "is no legal step", payload: encode({ voters: ["a"], outgoing: [], learners: [] }) },
  ])("that $name halts the node, and does not come to its disk", ({ payload }) => {
    const core = coreThatGets(payload);
    expect(core.status().halt).toMatchObject({ type: "fatal", reason: "no legal configuration: index=2" });
    expect(core.status().lastIndex).toBe(1);
    expect(core.hasReady()).toBe(false);
  });

  it("that is a legal step counts at once", () => {
    const joint = { voters: ["a", "b", "d"], outgoing: voters, learners: [] };
    expect(coreThatGets(encode(joint)).membership).toEqual(joint);
  });
});

function encode(membership: Membership): Uint8Array {
  return encodeMembership(membership);
}
