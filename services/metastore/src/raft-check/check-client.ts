import { RaftCheckService } from "@hearth/proto/hearth/raft/v1";
import { nameOf, type NodeId } from "@hearth/raft";
import type { ClientTls } from "@hearth/rpc";

import { callPeer, envelopeTo } from "../raft-transport/index.ts";
import type { Identity } from "../replicated-log/identity.ts";
import type { StateAnswer, StateQuestion } from "./own-state.ts";

/** Characters; see `proto/hearth/raft/v1/check.proto`. */
export const MAX_DIGEST_LENGTH = 64;

export interface CheckClientDeps {
  /** Of this node, once it is known. */
  readonly identity: () => Identity | undefined;
  readonly tls: ClientTls | undefined;
}

/** Asks other nodes of their state. */
export class CheckClient {
  readonly #deps: CheckClientDeps;

  constructor(deps: CheckClientDeps) {
    this.#deps = deps;
  }

  /** Undefined when there is no answer that makes sense: not reached in time, stopped, or an older program. */
  async ask(node: NodeId, question: StateQuestion, signal: AbortSignal): Promise<StateAnswer | undefined> {
    const identity = this.#deps.identity();
    if (!identity) return undefined;
    const { stateVersion, index, agreedDigest = "" } = question;
    const envelope = envelopeTo(node, identity);
    const request = { envelope, stateVersion, index: BigInt(index), agreedDigest };
    const address = { name: nameOf(node), tls: this.#deps.tls };
    try {
      const answer = await callPeer(RaftCheckService, address, (client) =>
        client.compareState(request, { signal }),
      );
      const { digest } = answer;
      if (answer.stateVersion < 1 || digest.length > MAX_DIGEST_LENGTH) return undefined;
      return { stateVersion: answer.stateVersion, digest: digest === "" ? undefined : digest };
    } catch {
      return undefined;
    }
  }
}
