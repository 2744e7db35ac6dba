import { MAX_FRAME_BYTES, MAX_FRAME_MESSAGES, messageSizeBytes } from "./frame-limits.ts";
import type { FrameMessage } from "./frame-message.ts";
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
    const sizeBytes = messageSizeBytes(message);
    const { messageCount, sizeBytes: maxBytes } = this.#limits;
    const isFull = this.length >= messageCount || this.#sizeBytes + sizeBytes > maxBytes;
    if (isFull && this.length > 0) return false;
    this.#waiting.push({ message, sizeBytes });
    this.#sizeBytes += sizeBytes;
    return true;
  }

  /** Takes what goes into one frame: at least one message, unless none waits. */
  takeFrame(): FrameMessage[] {
    let sizeBytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (count >= MAX_FRAME_MESSAGES) break;
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
