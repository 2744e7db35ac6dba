import { MAX_FRAME_BYTES, MAX_FRAME_MESSAGES, messageSizeBytes } from "./frame-limits.ts";
import type { AppendMessage, FrameMessage } from "./frame-message.ts";
import type { QueueLimits } from "./transport-settings.ts";

/** Messages that wait for one peer, first in, first out, bounded by count and bytes. */
export class MessageQueue {
  readonly #limits: QueueLimits;
  #waiting: { readonly message: FrameMessage; readonly sizeBytes: number }[] = [];
  #sizeBytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** @returns false when there is no room, and the message was not taken. A queue that is empty has room for any. */
  push(message: FrameMessage): boolean {
    const sizeBytes = waitingSizeBytes(message);
    const { messageCount, sizeBytes: maxBytes } = this.#limits;
    const isFull = this.length >= messageCount || this.#sizeBytes + sizeBytes > maxBytes;
    if (isFull && this.length > 0) return false;
    this.#waiting.push({ message, sizeBytes });
    this.#sizeBytes += sizeBytes;
    return true;
  }

  /** The Append at the front, if its entries must be loaded before it can be sent. */
  get rangeAtFront(): AppendMessage | undefined {
    const front = this.#waiting[0]?.message;
    return front && isRange(front) ? front : undefined;
  }

  /** Puts `messages` in the place of the one at the front, whatever room there is. */
  replaceFront(messages: readonly FrameMessage[]): void {
    const front = this.#waiting.shift();
    this.#waiting.unshift(...messages.map((message) => ({ message, sizeBytes: waitingSizeBytes(message) })));
    this.#sizeBytes -= front?.sizeBytes ?? 0;
    for (const message of messages) this.#sizeBytes += waitingSizeBytes(message);
  }

  /** Takes what goes into one frame: at least one message, unless a range is at the front or none waits. */
  takeFrame(): FrameMessage[] {
    let sizeBytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (isRange(waiting.message) || count >= MAX_FRAME_MESSAGES) break;
      if (count > 0 && sizeBytes + waiting.sizeBytes > MAX_FRAME_BYTES) break;
      sizeBytes += waiting.sizeBytes;
      count++;
    }
    this.#sizeBytes -= sizeBytes;
    return this.#waiting.splice(0, count).map(({ message }) => message);
  }

  /** @returns how many messages waited. */
  clear(): number {
    const count = this.length;
    this.#waiting = [];
    this.#sizeBytes = 0;
    return count;
  }
}

/** Entries that are yet to be loaded count as a frame of them. */
function waitingSizeBytes(message: FrameMessage): number {
  return messageSizeBytes(message) + (isRange(message) ? MAX_FRAME_BYTES : 0);
}

function isRange(message: FrameMessage): message is AppendMessage {
  return message.type === "append" && message.rangeEnd !== undefined;
}
