import type { NodeId } from "@hearth/raft";
import type { FrameMessage } from "./frame-message.ts";
import { Lane, type LaneDeps } from "./lane.ts";
import type { FrameConnection } from "./frame-connection.ts";
import type { LaneName } from "./transport-observer.ts";
import type { QueueLimits, RaftTransportSettings } from "./transport-settings.ts";

export interface PeerDeps extends Omit<LaneDeps, "deliver"> {
  readonly origin: string;
  /** Nothing is dialled before the first call. */
  readonly connect: (lane: LaneName) => FrameConnection;
}

/** Another node as this one sees it: two lanes, and perhaps a snapshot that is being sent to it. */
export class Peer implements AsyncDisposable {
  readonly node: NodeId;
  readonly origin: string;
  readonly #connections: readonly FrameConnection[];
  readonly #control: Lane;
  readonly #append: Lane;
  readonly #closing = new AbortController();
  #snapshot: Promise<boolean> | undefined;

  constructor(deps: PeerDeps, settings: RaftTransportSettings) {
    this.node = deps.node;
    this.origin = deps.origin;
    const [control, append] = [deps.connect("control"), deps.connect("append")];
    this.#connections = [control, append];
    const lane = (connection: FrameConnection, queue: QueueLimits): Lane =>
      new Lane(
        { ...deps, deliver: (frame, signal) => connection.deliver(frame, signal) },
        { ...settings, queue },
      );
    this.#control = lane(control, settings.controlQueue);
    this.#append = lane(append, settings.appendQueue);
  }

  send(message: FrameMessage): void {
    const isEntries = message.type === "append" || message.type === "append-response";
    (isEntries ? this.#append : this.#control).send(message);
  }

  get isReceivingSnapshot(): boolean {
    return this.#snapshot !== undefined;
  }

  /** Holds the one place for a snapshot while `work` runs, which ends soon once its signal aborts. */
  whileReceivingSnapshot(work: (closing: AbortSignal) => Promise<boolean>): Promise<boolean> {
    this.#snapshot = work(this.#closing.signal).finally(() => {
      this.#snapshot = undefined;
    });
    return this.#snapshot;
  }

  /** Closing twice is harmless. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#control, this.#append].map((lane) => lane[Symbol.asyncDispose]()));
    await this.#snapshot;
    await Promise.all(this.#connections.map((connection) => connection[Symbol.asyncDispose]()));
  }
}
