import { http2Transport, undiciTransport, type ClientTls } from "@hearth/rpc";
import type { Message, NodeId } from "@hearth/raft";
import { Semaphore, type Clock, type Random } from "@hearth/runtime";
import type { Identity } from "../replicated-log/identity.ts";
import { envelopeTo, originOf } from "./envelope.ts";
import { FrameConnection } from "./frame-connection.ts";
import { Pacer } from "./pacer.ts";
import { Peer } from "./peer.ts";
import { SnapshotConnection } from "./snapshot-connection.ts";
import { sendSnapshotPieces, type OutgoingSnapshot } from "./snapshot-sending.ts";
import type { DropReason, LaneName, TransportObserver } from "./transport-observer.ts";
import type { RaftTransportSettings } from "./transport-settings.ts";

export interface RaftTransportDeps {
  /** Of this node. */
  readonly identity: Identity;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: TransportObserver;
  /** Messages to this node were lost. Never called from within {@link RaftTransport.send}. */
  readonly onUnreachable: (node: NodeId) => void;
  /**
   * Where a node is, as an origin such as `https://10.0.0.1:9099`; undefined when that is not known. Without this function a
   * node's name is its address, `host:port`.
   */
  readonly resolve?: (node: NodeId) => string | undefined;
  /** Proves to peers who this node is, and has them do the same. Without TLS when absent. */
  readonly tls?: ClientTls;
}

/** Answers are small. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Sends the messages of one node to the others. Messages may be lost, and the core is told; those of one lane are never put
 * out of order. Control messages do not wait behind entries: each kind has a connection of its own.
 */
export class RaftTransport implements AsyncDisposable {
  readonly #deps: RaftTransportDeps;
  readonly #settings: RaftTransportSettings;
  readonly #peers = new Map<NodeId, Peer>();
  /** Closing peers, until they are closed. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #snapshotSlots: Semaphore;
  readonly #pacer: Pacer;
  #isClosed = false;

  constructor(deps: RaftTransportDeps, settings: RaftTransportSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#snapshotSlots = new Semaphore(settings.maxSnapshots);
    this.#pacer = new Pacer(settings.snapshotBytesPerSecond, deps.clock);
  }

  /**
   * Takes a message to send, or drops it: never waits, never throws, calls nobody back. Messages that tell to send a snapshot
   * are dropped: whoever has the snapshot calls {@link sendSnapshot}.
   */
  send(message: Message): void {
    if (message.type === "install-snapshot") return this.#drop(message.to, "not-sendable");
    const peer = this.#peerOf(message.to);
    if (typeof peer === "object") return peer.send(message);
    this.#drop(message.to, peer);
    if (peer !== "closed") queueMicrotask(() => this.#deps.onUnreachable(message.to));
  }

  /**
   * Sends a snapshot, piece by piece, going on where an earlier attempt ended. Two at once; others wait, but a second one to
   * the same node is refused.
   *
   * @param snapshot - its file stays open until this is over.
   * @returns true when the node has the snapshot and found it whole; false when it does not, for whatever reason: not
   * reached, damaged, overtaken by a newer one, this node stops.
   */
  async sendSnapshot(to: NodeId, snapshot: OutgoingSnapshot): Promise<boolean> {
    const peer = this.#peerOf(to);
    if (typeof peer !== "object" || peer.isReceivingSnapshot) return false;
    return peer.whileReceivingSnapshot(async (closing) => {
      try {
        return await this.#snapshotSlots.run(() => this.#sendPieces(peer, snapshot, closing), closing);
      } catch {
        return false;
      }
    });
  }

  /** Closes the connections to nodes that are not among `nodes`: they left. */
  retain(nodes: Iterable<NodeId>): void {
    const staying = new Set(nodes);
    for (const [node, peer] of this.#peers) {
      if (!staying.has(node)) this.#close(node, peer);
    }
  }

  /** Cuts what is under way and closes all connections. Closing twice is harmless. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.retain([]);
    await Promise.all(this.#leaving);
  }

  async #sendPieces(peer: Peer, snapshot: OutgoingSnapshot, signal: AbortSignal): Promise<boolean> {
    await using connection = this.#connectForSnapshot(peer);
    const { term } = snapshot;
    return await sendSnapshotPieces(
      snapshot,
      {
        clock: this.#deps.clock,
        random: this.#deps.random,
        pacer: this.#pacer,
        settings: this.#settings,
        call: (offset, bytes, stop) =>
          connection.installSnapshot({ term, id: snapshot, offset, bytes }, stop),
      },
      signal,
    );
  }

  /** @returns why there is none, if there is none. */
  #peerOf(node: NodeId): Peer | DropReason {
    const known = this.#peers.get(node);
    if (known) return known;
    if (this.#isClosed) return "closed";
    if (this.#peers.size >= this.#settings.maxPeers) return "too-many-peers";
    const origin = this.#originOf(node);
    if (origin === undefined) return "no-address";
    const connect = (lane: LaneName): FrameConnection =>
      new FrameConnection({
        connect: () => http2Transport({ origin, ...this.#connectionSettings() }),
        envelope: envelopeTo(node, this.#deps.identity),
        timeoutMs: this.#settings.transportTimeoutMs[lane],
      });
    const peer = new Peer({ ...this.#deps, node, origin, connect }, this.#settings);
    this.#peers.set(node, peer);
    return peer;
  }

  #originOf(node: NodeId): string | undefined {
    const { resolve, tls } = this.#deps;
    return resolve ? resolve(node) : originOf(node, tls ? "https" : "http");
  }

  #connectForSnapshot({ node, origin }: Peer): SnapshotConnection {
    const timeoutMs = this.#settings.transportTimeoutMs.snapshot;
    return new SnapshotConnection({
      transport: undiciTransport({
        origin,
        maxConnections: 1,
        defaultTimeoutMs: timeoutMs,
        ...this.#connectionSettings(),
      }),
      envelope: envelopeTo(node, this.#deps.identity),
      timeoutMs,
    });
  }

  #connectionSettings(): { connectTimeoutMs: number; readMaxBytes: number; tls?: ClientTls } {
    const { tls } = this.#deps;
    const { connectTimeoutMs } = this.#settings;
    return { connectTimeoutMs, readMaxBytes: MAX_ANSWER_BYTES, ...(tls && { tls }) };
  }

  #close(node: NodeId, peer: Peer): void {
    this.#peers.delete(node);
    const leaving = peer[Symbol.asyncDispose]().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  #drop(node: NodeId, reason: DropReason): void {
    this.#deps.observer.onDropped({ node, reason, messageCount: 1 });
  }
}
