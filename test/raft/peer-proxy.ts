import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

import type { CutKind } from "./partition.ts";
import { senderOf } from "./request-sender.ts";

export interface PeerProxyOptions {
  /** Where peers reach the node. */
  readonly port: number;
  /** Where the node listens. */
  readonly nodePort: number;
  /** Whether what this sender sends is to get through now. */
  readonly cutFor: (sender: string | undefined) => CutKind | undefined;
}

/** Stands between a node and its peers: its port is the one in the node's name. */
export class PeerProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #links = new Set<Link>();

  static async listen(options: PeerProxyOptions): Promise<PeerProxy> {
    const proxy = new PeerProxy(options);
    proxy.#server.listen(options.port, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  private constructor(options: PeerProxyOptions) {
    this.#server = createServer((socket) => {
      const link = new Link(socket, options, () => this.#links.delete(link));
      this.#links.add(link);
    });
  }

  /** To be called after what `cutFor` answers has changed: connections that are open feel it too. */
  applyCuts(): void {
    for (const link of this.#links) link.applyCut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const link of this.#links) link.destroy();
    if (this.#server.listening) await once(this.#server, "close");
  }
}

/** One connection of a peer, and the one that carries it on to the node. */
class Link {
  readonly #peer: Socket;
  readonly #options: PeerProxyOptions;
  #node: Socket | undefined;
  #sender: string | undefined;
  #isSenderKnown = false;
  /** What came before it was clear who speaks, or while nothing may pass. */
  #waiting: Buffer[] = [];

  constructor(peer: Socket, options: PeerProxyOptions, onClose: () => void) {
    this.#peer = peer;
    this.#options = options;
    peer.setNoDelay(true);
    peer.on("error", () => {});
    peer.on("close", () => {
      // What was sent before it hung up is still delivered, as a network does.
      this.#node?.end();
      onClose();
    });
    peer.on("data", (bytes: Buffer) => this.#onPeerData(bytes));
  }

  applyCut(): void {
    if (!this.#isSenderKnown) return;
    const cut = this.#options.cutFor(this.#sender);
    if (cut === "refused") this.#peer.resetAndDestroy();
    else if (cut === "silent") this.#pause();
    else this.#passOn();
  }

  destroy(): void {
    this.#peer.destroy();
  }

  #onPeerData(bytes: Buffer): void {
    if (this.#node) {
      passOn(this.#peer, this.#node, bytes);
      return;
    }
    this.#waiting.push(bytes);
    const sender = senderOf(Buffer.concat(this.#waiting));
    if (sender.type === "unknown yet") return;
    this.#sender = sender.name;
    this.#isSenderKnown = true;
    this.applyCut();
  }

  #pause(): void {
    this.#peer.pause();
    this.#node?.pause();
  }

  #passOn(): void {
    this.#node ??= this.#connect();
    this.#peer.resume();
    this.#node.resume();
  }

  #connect(): Socket {
    const node = connect({ port: this.#options.nodePort, host: "127.0.0.1", noDelay: true });
    node.on("error", () => {});
    node.on("close", () => this.#peer.destroy());
    node.on("data", (bytes: Buffer) => passOn(node, this.#peer, bytes));
    node.write(Buffer.concat(this.#waiting));
    this.#waiting = [];
    return node;
  }
}

function passOn(from: Socket, to: Socket, bytes: Buffer): void {
  if (to.write(bytes)) return;
  from.pause();
  to.once("drain", () => from.resume());
}
