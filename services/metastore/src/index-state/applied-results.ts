import type { CommandResult } from "./command-result.ts";

/** How many results are remembered. */
export const REMEMBERED_RESULTS = 10_000;

export interface AppliedResult {
  /** 16 bytes as 16 characters of Latin-1. */
  readonly requestId: string;
  /** CRC-32 of the command's body: an id that comes again with another body is another command. */
  readonly bodyCrc: number;
  readonly result: CommandResult;
}

/**
 * Results of the last commands, so that a client whose answer was lost asks again with the same request id and is told the
 * same. The oldest is forgotten first; what a command does must not be harmful when it is applied again after that.
 */
export class AppliedResults {
  /** In the order in which they were applied. */
  readonly #byRequest = new Map<string, AppliedResult>();

  find(requestId: string, bodyCrc: number): CommandResult | undefined {
    const known = this.#byRequest.get(requestId);
    return known?.bodyCrc === bodyCrc ? known.result : undefined;
  }

  remember(applied: AppliedResult): void {
    this.#byRequest.delete(applied.requestId);
    this.#byRequest.set(applied.requestId, applied);
    if (this.#byRequest.size <= REMEMBERED_RESULTS) return;
    const [oldest] = this.#byRequest.keys();
    if (oldest !== undefined) this.#byRequest.delete(oldest);
  }

  /** In the order in which they were applied. */
  all(): AppliedResult[] {
    return [...this.#byRequest.values()];
  }
}
