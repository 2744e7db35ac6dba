import type { CommandResult } from "./command-result.ts";
import { DigestSum, ELEMENT, ElementHash, type HashWords } from "./state-digest.ts";

/** How many results are remembered. */
export const REMEMBERED_RESULTS = 10_000;

/** What is remembered: polls and expiries that are repeated are others, and what this node cannot apply has no result. */
export type RememberedResult = Extract<CommandResult, { readonly type: "blocks-added" | "rejected" }>;

/** Part of the hash of a result. */
export const RESULT: Readonly<Record<RememberedResult["type"], number>> = { "blocks-added": 1, rejected: 2 };

export interface AppliedResult {
  /** 16 bytes as 16 characters of Latin-1. */
  readonly requestId: string;
  /** CRC-32 of the command's body: an id that comes again with another body is another command. */
  readonly bodyCrc: number;
  readonly result: RememberedResult;
}

/**
 * Results of the last commands, so that a client whose answer was lost asks again with the same request id and is told the
 * same. The oldest is forgotten first; what a command does must not be harmful when it is applied again after that.
 */
export class AppliedResults {
  /** In the order in which they were applied. */
  readonly #byRequest = new Map<string, AppliedResult>();
  readonly #digest = new DigestSum();
  readonly #hash = new ElementHash();

  /** Of all results, but not of their order. */
  get digest(): HashWords {
    return this.#digest;
  }

  find(requestId: string, bodyCrc: number): RememberedResult | undefined {
    const known = this.#byRequest.get(requestId);
    return known?.bodyCrc === bodyCrc ? known.result : undefined;
  }

  remember(applied: AppliedResult): void {
    this.#forget(this.#byRequest.get(applied.requestId));
    this.#byRequest.set(applied.requestId, applied);
    this.#digest.add(hashResult(this.#hash, applied));
    if (this.#byRequest.size <= REMEMBERED_RESULTS) return;
    const [oldest] = this.#byRequest.values();
    this.#forget(oldest);
  }

  /** In the order in which they were applied. */
  all(): AppliedResult[] {
    return [...this.#byRequest.values()];
  }

  #forget(applied: AppliedResult | undefined): void {
    if (!applied) return;
    this.#byRequest.delete(applied.requestId);
    this.#digest.subtract(hashResult(this.#hash, applied));
  }
}

function hashResult(hash: ElementHash, { requestId, bodyCrc, result }: AppliedResult): HashWords {
  hash.begin(ELEMENT.result).text(requestId).word(bodyCrc).word(RESULT[result.type]);
  if (result.type === "rejected") hash.text(result.reason);
  if (result.type === "blocks-added") {
    for (const { block, reason } of result.refusals) hash.text(block).text(reason);
  }
  return hash.end();
}
