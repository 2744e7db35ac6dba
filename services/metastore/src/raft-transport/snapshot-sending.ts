import { Code, DomainError } from "@hearth/errors";
import type { Clock, Random } from "@hearth/runtime";
import { MAX_CHUNK_BYTES } from "./frame-limits.ts";
import type { Pacer } from "./pacer.ts";
import type { SnapshotId } from "./snapshot-id.ts";
import type { SnapshotAnswer } from "./snapshot-receiver.ts";
import type { RaftTransportSettings } from "./transport-settings.ts";

/** A snapshot file of this node, and who sends it. */
export interface OutgoingSnapshot extends SnapshotId {
  /** Of this node, which leads. */
  readonly term: number;
  /** Bytes `[offset, offset + length)` of the file. */
  readonly readAt: (offset: number, length: number) => Promise<Uint8Array>;
}

export interface SnapshotSendingDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly pacer: Pacer;
  readonly settings: RaftTransportSettings;
  /** Hands over one piece. */
  readonly call: (offset: number, bytes: Uint8Array, signal: AbortSignal) => Promise<SnapshotAnswer>;
}

/**
 * Sends a snapshot piece by piece, from wherever the receiver says that it stands. A call that fails is made again, until
 * nothing got further for too long.
 *
 * @returns whether the receiver has all of it and found it whole.
 * @throws errors of reading the file, and the reason of `signal`.
 */
export async function sendSnapshotPieces(
  snapshot: OutgoingSnapshot,
  deps: SnapshotSendingDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const { clock, settings } = deps;
  const progress = new SendingProgress(settings, () => clock.monotonicMs());
  // The first call only asks: there may be something of an earlier attempt.
  let length = 0;
  for (let isQuestion = true; ; isQuestion = false) {
    const bytes = await snapshot.readAt(progress.offset, length);
    await deps.pacer.take(bytes.length, signal);
    const answer = await callOnce(deps, progress.offset, bytes, signal);
    if (answer === "for-ever" || (typeof answer === "object" && answer.state === "refused")) return false;
    if (typeof answer === "object" && answer.state === "installed") return true;
    const waitMs = progress.note(answer, isQuestion, deps.random.next());
    if (progress.isOver) return false;
    if (waitMs > 0) await clock.sleep(waitMs, signal);
    length = Math.min(MAX_CHUNK_BYTES, snapshot.sizeBytes - progress.offset);
  }
}

/** How a call failed: it may succeed later, or never. */
type Failure = "for-now" | "for-ever";

async function callOnce(
  deps: SnapshotSendingDeps,
  offset: number,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<SnapshotAnswer | Failure> {
  try {
    return await deps.call(offset, bytes, signal);
  } catch (error) {
    signal.throwIfAborted();
    const code = error instanceof DomainError ? error.code : undefined;
    const isLasting =
      code === Code.PermissionDenied || code === Code.InvalidArgument || code === Code.Unimplemented;
    return isLasting ? "for-ever" : "for-now";
  }
}

/** A receiver that loses what it had so often has a broken disk, or crashes each time. */
const MAX_RESTARTS = 3;

/** Where the receiver stands, and whether it still gets on. */
class SendingProgress {
  /** Where the next piece begins. */
  offset = 0;
  readonly #settings: RaftTransportSettings;
  readonly #nowMs: () => number;
  #giveUpAtMs: number;
  #isVerifying = false;
  /** How often the receiver fell back. */
  #restarts = 0;
  /** Calls in vain since the last that was not. */
  #failures = 0;

  constructor(settings: RaftTransportSettings, nowMs: () => number) {
    this.#settings = settings;
    this.#nowMs = nowMs;
    this.#giveUpAtMs = nowMs() + settings.snapshotStallMs;
  }

  get isOver(): boolean {
    return this.#nowMs() >= this.#giveUpAtMs || this.#restarts > MAX_RESTARTS;
  }

  /**
   * @param wasQuestion - the call was to carry nothing.
   * @param chance - uniform in `[0, 1)`.
   * @returns how long to wait before the next call, in milliseconds.
   */
  note(answer: SnapshotAnswer | Failure, wasQuestion: boolean, chance: number): number {
    if (typeof answer === "string") return chance * this.#nextBackoffMs();
    const before = this.offset;
    this.offset = answer.offset;
    if (answer.state === "verifying") {
      if (!this.#isVerifying) this.#extendBy(this.#settings.snapshotVerifyMs);
      this.#isVerifying = true;
      return this.#settings.snapshotPollMs;
    }
    this.#isVerifying = false;
    if (answer.offset < before) this.#restarts++;
    if (answer.offset > before) {
      this.#extendBy(this.#settings.snapshotStallMs);
      this.#failures = 0;
    } else if (!wasQuestion) {
      return chance * this.#nextBackoffMs();
    }
    return 0;
  }

  #extendBy(ms: number): void {
    this.#giveUpAtMs = this.#nowMs() + ms;
  }

  #nextBackoffMs(): number {
    const { minBackoffMs, maxBackoffMs } = this.#settings;
    return Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(30, this.#failures++));
  }
}
