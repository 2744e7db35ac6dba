import type { RoundReport } from "./round.ts";
import { figuresOf } from "./pauses.ts";

/** What a run found, by fault. */
export class Summary {
  readonly #pauses = new Map<string, number[]>();
  #acknowledgedCount = 0;
  #readCount = 0;
  #failureCount = 0;

  add({ fault, pauseMs, acknowledgedCount, readCount, failures }: RoundReport): void {
    const pauses = this.#pauses.get(fault) ?? [];
    this.#pauses.set(fault, pauses);
    pauses.push(pauseMs);
    this.#acknowledgedCount += acknowledgedCount;
    this.#readCount += readCount;
    this.#failureCount += failures.length;
  }

  /** One line for each fault, and one for all. */
  get lines(): string[] {
    const faults = [...this.#pauses].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [
      ...faults.map(([fault, pauses]) => `${fault}: no write acknowledged for ${pausesText(pauses)}`),
      `${this.#acknowledgedCount} acknowledged writes and ${this.#readCount} reads checked, ${this.#failureCount} operations failed`,
    ];
  }
}

function pausesText(pauses: readonly number[]): string {
  const { count, median, p99, max } = figuresOf(pauses);
  return `median ${Math.round(median)} ms, p99 ${Math.round(p99)} ms, at most ${Math.round(max)} ms (${count} times)`;
}
