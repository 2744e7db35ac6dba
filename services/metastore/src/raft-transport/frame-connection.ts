import { deadline } from "@hearth/runtime";
import type { ClosableTransport } from "@hearth/rpc";
import type { EnvelopeInit } from "./envelope.ts";
import { FrameStream } from "./frame-stream.ts";

export interface FrameConnectionOptions {
  /** Makes a connection. */
  readonly connect: () => ClosableTransport;
  readonly envelope: EnvelopeInit;
  /** How long a frame may take. */
  readonly timeoutMs: number;
}

/** Keeps a stream to a peer: it is opened with the first frame, and again with the next one after it ended. */
export class FrameConnection implements AsyncDisposable {
  readonly #options: FrameConnectionOptions;
  #stream: FrameStream | undefined;

  constructor(options: FrameConnectionOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the peer took the frame over. Not called again before.
   *
   * @throws {DomainError} when it did not, or that is not known.
   */
  async deliver(frame: Uint8Array, signal: AbortSignal): Promise<void> {
    using limit = deadline(this.#options.timeoutMs, signal);
    if (this.#stream?.isOver) await this.#close();
    this.#stream ??= new FrameStream(this.#options.connect(), this.#options.envelope);
    try {
      await this.#stream.deliver(frame, limit.signal);
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #close(): Promise<void> {
    await this.#stream?.[Symbol.asyncDispose]();
    this.#stream = undefined;
  }
}
