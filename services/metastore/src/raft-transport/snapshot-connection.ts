import { RaftTransportService, SnapshotState } from "@hearth/proto/hearth/raft/v1";
import type { ClosableTransport } from "@hearth/rpc";
import type { EnvelopeInit } from "./envelope.ts";
import { InvalidFrameError, safeInteger } from "./invalid-frame-error.ts";
import { encodeSnapshotId, type SnapshotId } from "./snapshot-id.ts";
import type { SnapshotAnswer } from "./snapshot-receiver.ts";

/** A connection to a peer over which a snapshot goes, one piece at a time. */
export class SnapshotConnection implements AsyncDisposable {
  readonly #transport: ClosableTransport;
  readonly #envelope: EnvelopeInit;
  readonly #timeoutMs: number;

  /** @param options - the connection is closed with this. */
  constructor(options: { transport: ClosableTransport; envelope: EnvelopeInit; timeoutMs: number }) {
    this.#transport = options.transport;
    this.#envelope = options.envelope;
    this.#timeoutMs = options.timeoutMs;
  }

  /** @returns what the peer has of the snapshot now. */
  async installSnapshot(
    piece: { term: number; id: SnapshotId; offset: number; bytes: Uint8Array },
    signal: AbortSignal,
  ): Promise<SnapshotAnswer> {
    const { message } = await this.#transport.unary(
      RaftTransportService.method.installSnapshot,
      signal,
      this.#timeoutMs,
      undefined,
      {
        envelope: this.#envelope,
        term: BigInt(piece.term),
        snapshot: encodeSnapshotId(piece.id),
        offset: BigInt(piece.offset),
        chunk: piece.bytes,
      },
    );
    const offset = safeInteger("offset", message.offset);
    const state = STATES.get(message.state);
    if (state === undefined) throw new InvalidFrameError("state", "unknown");
    if (offset > piece.id.sizeBytes) throw new InvalidFrameError("offset", "beyond the end of the file");
    return { state, offset };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]();
  }
}

const STATES: ReadonlyMap<number, SnapshotAnswer["state"]> = new Map([
  [SnapshotState.RECEIVING, "receiving"],
  [SnapshotState.VERIFYING, "verifying"],
  [SnapshotState.INSTALLED, "installed"],
  [SnapshotState.REFUSED, "refused"],
]);
