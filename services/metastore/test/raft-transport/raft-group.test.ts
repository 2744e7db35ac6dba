import { describe, expect, it } from "@jest/globals";
import { defaultRaftSettings, RaftCore, type Membership, type Message, type NodeId } from "@hearth/raft";
import { seededRandom } from "@hearth/runtime";
import type { RaftTransport } from "../../src/raft-transport/raft-transport.ts";
import { chainValue } from "../../src/replicated-log/log-entry.ts";
import { listen, type ListeningNode } from "./support/listening-node.ts";
import { Recorded } from "./support/recorded.ts";
import { sender } from "./support/sending-node.ts";

const start = { index: 1, term: 1, chain: 9 };
const names: readonly NodeId[] = ["a:1/0", "b:1/0", "c:1/0"];
const membership: Membership = { voters: names, outgoing: [], learners: [] };

/** A core on a disk that never fails and takes no time. */
class Member {
  readonly core: RaftCore;
  /** The commit index, whenever it rises. */
  readonly commits = new Recorded<number>();
  readonly received = new Recorded<Message["type"]>();
  transport: RaftTransport | undefined;

  constructor(nodeId: NodeId, seed: number) {
    const random = seededRandom(seed);
    this.core = new RaftCore(
      { nodeId, bootId: 1, random: () => random.next(), chainOf: chainValue, settings: defaultRaftSettings },
      { term: 1, vote: undefined, start, entries: [], membership, applied: start.index },
    );
  }

  do(input: (core: RaftCore) => void): void {
    input(this.core);
    while (this.core.hasReady()) {
      const { seq, immediate, afterPersist, committed } = this.core.takeReady();
      this.#send(immediate);
      this.core.persisted(seq);
      this.#send(afterPersist);
      if (committed) this.commits.add(committed.to);
    }
  }

  #send(messages: readonly Message[]): void {
    for (const message of messages) this.transport?.send(message);
  }
}

async function startGroup() {
  const members = names.map((name, at) => new Member(name, at));
  const nodes: ListeningNode[] = await Promise.all(
    members.map((member, at) =>
      listen({
        nodeId: names[at]!,
        chainOf: chainValue,
        onMessage: (message) => {
          member.do((core) => core.step(message));
          member.received.add(message.type);
        },
      }),
    ),
  );
  const origins = Object.fromEntries(nodes.map(({ nodeId, origin }) => [nodeId, origin]));
  for (const [at, member] of members.entries()) {
    const onUnreachable = (node: NodeId): void => member.do((core) => core.peerUnreachable(node));
    member.transport = sender(origins, { nodeId: names[at]!, onUnreachable }).transport;
  }
  return {
    members,
    async [Symbol.asyncDispose]() {
      for (const { transport } of members) await transport?.[Symbol.asyncDispose]();
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    },
  };
}

describe("three nodes on real sockets", () => {
  it("elect a leader and have the same log", async () => {
    await using group = await startGroup();
    const [leader, ...followers] = group.members as [Member, ...Member[]];
    leader.do((core) => core.campaign());
    await leader.commits.first(1);
    expect(leader.core.status()).toMatchObject({ role: "leader", term: 2 });
    const payload = new Uint8Array(20_000).fill(1);
    for (let count = 0; count < 300; count++) leader.do((core) => core.propose(payload));
    const last = leader.core.status().lastIndex;
    await Promise.all(group.members.map((member) => commitOf(member, last, leader)));
    expect(last).toBe(302);
    expect(followers.map(({ core }) => core.position(last))).toEqual(
      followers.map(() => leader.core.position(last)),
    );
  });
});

/** Resolves when `member` knows that `index` is committed. Once the leader does, its heartbeats tell. */
async function commitOf(member: Member, index: number, leader: Member): Promise<void> {
  while (member.core.status().commit < index) {
    const { length } = leader.received.all;
    if (leader.core.status().commit >= index) leader.do((core) => core.tick());
    // One answer at least, or the leader would think that it is alone.
    await leader.received.first(length + 1);
  }
}
