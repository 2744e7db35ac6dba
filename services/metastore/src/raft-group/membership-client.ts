import type { Client } from "@connectrpc/connect";
import { NodeState, RaftMembershipService } from "@hearth/proto/hearth/raft/v1";
import type { ClientTls } from "@hearth/rpc";

import { callPeer } from "../raft-transport/index.ts";
import type { PeerState } from "./first-boot-plan.ts";

/** Asks other nodes before this one takes part. */
export class MembershipClient {
  readonly #tls: ClientTls | undefined;

  constructor(tls: ClientTls | undefined) {
    this.#tls = tls;
  }

  /** @param name - `host:port` of the group port. */
  ask<T>(name: string, question: (client: Client<typeof RaftMembershipService>) => Promise<T>): Promise<T> {
    return callPeer(RaftMembershipService, { name, tls: this.#tls }, question);
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
