import { PassThrough } from "node:stream";

import { createClient } from "@connectrpc/connect";
import { UnavailableError } from "@hearth/errors";
import { RaftTransportService } from "@hearth/proto/hearth/raft/v1";
import { abortReason, fromConnectError, type ClosableTransport } from "@hearth/rpc";
import type { EnvelopeInit } from "./envelope.ts";

/**
 * A call to a peer that lasts: frames go one at a time, and the peer acknowledges each. It is over when either side ends it
 * or anything fails; then there must be another.
 */
export class FrameStream implements AsyncDisposable {
  readonly #transport: ClosableTransport;
  readonly #requests = new PassThrough({ objectMode: true });
  /** Goes with the first frame. */
  #envelope: EnvelopeInit | undefined;
  /** The frame that is under way. */
  #unanswered: PromiseWithResolvers<void> | undefined;
  #isOver = false;

  /** @param transport - of its own: it is closed with the stream. */
  constructor(transport: ClosableTransport, envelope: EnvelopeInit) {
    this.#transport = transport;
    this.#envelope = envelope;
    void this.#takeAnswers();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Resolves when the peer took the frame over. Not called again before.
   *
   * @throws {DomainError} the peer's, or that it was not reached, or the reason of `signal`. Dispose the stream then.
   */
  async deliver(frame: Uint8Array, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw abortReason(signal);
    const unanswered = Promise.withResolvers<void>();
    this.#unanswered = unanswered;
    const abort = (): void => this.#end(abortReason(signal));
    signal.addEventListener("abort", abort, { once: true });
    this.#requests.write({ envelope: this.#envelope, frame });
    this.#envelope = undefined;
    try {
      await unanswered.promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Cuts the stream, and what is under way with it. Closing twice is harmless. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(new UnavailableError("the stream was closed"));
    await this.#transport[Symbol.asyncDispose]();
  }

  async #takeAnswers(): Promise<void> {
    const client = createClient(RaftTransportService, this.#transport);
    try {
      for await (const _ of client.deliver(this.#requests)) {
        this.#unanswered?.resolve();
        this.#unanswered = undefined;
      }
      this.#end(new UnavailableError("the other node ended the stream"));
    } catch (error) {
      this.#end(fromConnectError(error));
    }
  }

  #end(reason: Error): void {
    this.#isOver = true;
    this.#requests.destroy();
    this.#unanswered?.reject(reason);
    this.#unanswered = undefined;
  }
}
