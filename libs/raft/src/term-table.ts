/**
 * The terms of all entries of a log, as runs: terms never fall along a log, and change only with elections, so this is
 * small however long the log.
 */
export class TermTable {
  /** First index of each run, rising; the first is the place before the log. */
  #starts: number[];
  #terms: number[];
  #lastIndex: number;

  constructor(start: { index: number; term: number }) {
    this.#starts = [start.index];
    this.#terms = [start.term];
    this.#lastIndex = start.index;
  }

  get firstIndex(): number {
    return this.#starts[0]!;
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  /** Undefined outside of `[firstIndex, lastIndex]`. */
  at(index: number): number | undefined {
    if (index > this.#lastIndex || index < this.firstIndex) return undefined;
    return this.#terms[this.#runOf(index)];
  }

  /** Puts an entry of `term` at the end. */
  push(term: number): void {
    this.#lastIndex++;
    if (this.#terms.at(-1) === term) return;
    this.#starts.push(this.#lastIndex);
    this.#terms.push(term);
  }

  /** Forgets all after `lastIndex`. */
  truncateAfter(lastIndex: number): void {
    this.#lastIndex = Math.max(lastIndex, this.firstIndex);
    while (this.#starts.at(-1)! > this.#lastIndex) {
      this.#starts.pop();
      this.#terms.pop();
    }
  }

  /** Forgets all before `firstIndex`, which stays. */
  compactTo(firstIndex: number): void {
    const run = this.#runOf(firstIndex);
    this.#starts = this.#starts.slice(run);
    this.#terms = this.#terms.slice(run);
    this.#starts[0] = firstIndex;
  }

  /** The largest index up to `from` whose term is at most `term`; one before the table when there is none in it. */
  lastAtMost(term: number, from: number): number {
    let end = Math.min(from, this.#lastIndex);
    for (let run = this.#runOf(end); run >= 0 && this.#terms[run]! > term; run--)
      end = this.#starts[run]! - 1;
    return end;
  }

  /** The last run that begins at or before `index`. */
  #runOf(index: number): number {
    let run = this.#starts.length - 1;
    while (run > 0 && this.#starts[run]! > index) run--;
    return run;
  }
}
