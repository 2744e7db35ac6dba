import type { Message, NodeId } from "@hearth/raft";
import type { Logger } from "@hearth/telemetry";

import type { NodeNetwork } from "../raft-node/node-ports.ts";
import type { RaftTransport } from "../raft-transport/index.ts";
import type { SnapshotStore } from "../replicated-log/snapshot-store.ts";

/** The network of a node: the transport, which exists once it is known who this node is. Until then everything is lost. */
export class PeerNetwork implements NodeNetwork {
  readonly #snapshots: SnapshotStore;
  readonly #logger: Logger;
  #transport: RaftTransport | undefined;

  constructor(deps: { snapshots: SnapshotStore; logger: Logger }) {
    this.#snapshots = deps.snapshots;
    this.#logger = deps.logger;
  }

  connect(transport: RaftTransport): void {
    this.#transport = transport;
  }

  send(message: Message): void {
    this.#transport?.send(message);
  }

  sendSnapshot(to: NodeId, term: number, done: (index: number | undefined) => void): void {
    void this.#trySnapshot(to, term, done);
  }

  async #trySnapshot(to: NodeId, term: number, done: (index: number | undefined) => void): Promise<void> {
    let index: number | undefined;
    try {
      index = await this.#sendNewest(to, term);
    } catch (error) {
      this.#logger.warn("sending a snapshot failed", { to, error });
    }
    done(index);
  }

  async #sendNewest(to: NodeId, term: number): Promise<number | undefined> {
    const [index] = await this.#snapshots.indexes();
    const source = index === undefined ? undefined : await this.#snapshots.openForSending(index);
    if (!source || !this.#transport) return undefined;
    await using _ = source;
    const { position } = source.header;
    this.#logger.info("sending a snapshot", { to, index: position.index, sizeBytes: source.sizeBytes });
    const isThere = await this.#transport.sendSnapshot(to, { ...source, position, term });
    return isThere ? position.index : undefined;
  }
}
