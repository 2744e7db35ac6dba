import { Code, DomainError } from "@hearth/errors";
import type { NodeId } from "@hearth/raft";
import type { Clock, Random } from "@hearth/runtime";
import { splitAppend } from "./append-parts.ts";
import type { FrameMessage } from "./frame-message.ts";
import { MessageQueue } from "./message-queue.ts";
import type { DropReason, TransportObserver } from "./transport-observer.ts";
import type { QueueLimits } from "./transport-settings.ts";
import { encodeFrame } from "./wire-messages.ts";

export interface LaneDeps {
  readonly node: NodeId;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: TransportObserver;
  /** Hands one frame over. Ends soon, with a failure, once `signal` aborts. */
  readonly deliver: (frame: Uint8Array, signal: AbortSignal) => Promise<void>;
  readonly onUnreachable: (node: NodeId) => void;
}

export interface LaneSettings {
  readonly queue: QueueLimits;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
}

/**
 * Messages of one kind to one peer, in order. One frame is under way at a time; what gathers meanwhile makes the next, so
 * that frames grow with the load by themselves. What a failed call carried is lost: Raft sends anew whatever matters.
 */
export class Lane implements AsyncDisposable {
  readonly #deps: LaneDeps;
  readonly #settings: LaneSettings;
  readonly #queue: MessageQueue;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  /** Calls that failed since the last that did not. */
  #failures = 0;

  constructor(deps: LaneDeps, settings: LaneSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#queue = new MessageQueue(settings.queue);
  }

  /** Takes the message, or drops it. Calls nobody back from within. */
  send(message: FrameMessage): void {
    if (this.#closing.signal.aborted) return this.#drop("closed", 1);
    const parts = message.type === "append" ? splitAppend(message) : [message];
    for (const part of parts) {
      if (this.#queue.push(part)) continue;
      this.#drop("queue-full", 1);
      queueMicrotask(() => this.#noteUnreachable());
      break;
    }
    this.#running ??= this.#run();
  }

  /** Cuts what is under way. Closing twice is harmless. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running;
    const count = this.#queue.clear();
    if (count > 0) this.#drop("closed", count);
  }

  async #run(): Promise<void> {
    // What is sent in the same turn goes together.
    await Promise.resolve();
    while (this.#queue.length > 0 && !this.#closing.signal.aborted) {
      await this.#sendFrame(this.#queue.takeFrame());
    }
    this.#running = undefined;
  }

  async #sendFrame(messages: readonly FrameMessage[]): Promise<void> {
    const frame = this.#encode(messages);
    if (!frame) return;
    try {
      await this.#deps.deliver(frame, this.#closing.signal);
    } catch (error) {
      await this.#noteFailure(error, messages.length);
      return;
    }
    this.#failures = 0;
    this.#deps.observer.onFrame({
      direction: "sent",
      node: this.#deps.node,
      messageCount: messages.length,
      sizeBytes: frame.length,
    });
  }

  #encode(messages: readonly FrameMessage[]): Uint8Array | undefined {
    try {
      return encodeFrame(messages);
    } catch {
      this.#drop("not-sendable", messages.length);
      return undefined;
    }
  }

  async #noteFailure(error: unknown, messageCount: number): Promise<void> {
    const isClosing = this.#closing.signal.aborted;
    this.#drop(isClosing ? "closed" : reasonOf(error), messageCount);
    if (isClosing) return;
    this.#noteUnreachable();
    const { minBackoffMs, maxBackoffMs } = this.#settings;
    // Beyond 2^30 the bound holds anyway.
    const ceilingMs = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(30, this.#failures++));
    await this.#sleep(this.#deps.random.next() * ceilingMs);
  }

  /** Returns early when the lane is closed. */
  async #sleep(ms: number): Promise<void> {
    try {
      await this.#deps.clock.sleep(ms, this.#closing.signal);
    } catch {
      // Closed.
    }
  }

  #noteUnreachable(): void {
    if (!this.#closing.signal.aborted) this.#deps.onUnreachable(this.#deps.node);
  }

  #drop(reason: DropReason, messageCount: number): void {
    this.#deps.observer.onDropped({ node: this.#deps.node, reason, messageCount });
  }
}

function reasonOf(error: unknown): DropReason {
  const code = error instanceof DomainError ? error.code : undefined;
  return code === Code.PermissionDenied || code === Code.InvalidArgument ? "refused" : "call-failed";
}
