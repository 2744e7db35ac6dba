import { createClient, type Client } from "@connectrpc/connect";
import { NodeState, RaftMembershipService } from "@hearth/proto/hearth/raft/v1";
import { undiciTransport, type ClientTls } from "@hearth/rpc";

import type { PeerState } from "./first-boot-plan.ts";

const TIMEOUT_MS = 2_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/** Asks other nodes before this one takes part: each question has a connection of its own. */
export class MembershipClient {
  readonly #tls: ClientTls | undefined;

  constructor(tls: ClientTls | undefined) {
    this.#tls = tls;
  }

  /** @param name - `host:port` of the group port. */
  async ask<T>(
    name: string,
    question: (client: Client<typeof RaftMembershipService>) => Promise<T>,
  ): Promise<T> {
    await using transport = undiciTransport({
      origin: `${this.#tls ? "https" : "http"}://${name}`,
      maxConnections: 1,
      connectTimeoutMs: TIMEOUT_MS,
      defaultTimeoutMs: TIMEOUT_MS,
      readMaxBytes: MAX_ANSWER_BYTES,
      ...(this.#tls && { tls: this.#tls }),
    });
    return await question(createClient(RaftMembershipService, transport));
  }

  /** What each of the peers says of itself. */
  async statesOf(names: readonly string[]): Promise<ReadonlyMap<string, PeerState>> {
    const states = await Promise.all(names.map(async (name) => [name, await this.#stateOf(name)] as const));
    return new Map(states);
  }

  async #stateOf(name: string): Promise<PeerState> {
    try {
      const { state, clusterId } = await this.ask(name, (client) => client.getStatus({}));
      switch (state) {
        case NodeState.EMPTY:
          return { type: "empty" };
        case NodeState.BEGUN:
          return { type: "begun" };
        case NodeState.MEMBER:
        case NodeState.CORRUPT:
          return { type: "member", clusterId };
        default:
          return { type: "silent" };
      }
    } catch {
      return { type: "silent" };
    }
  }
}
