/** How a cut shows to the sender: hung up on, or never answered, with what it sent delivered once the cut is healed. */
export type CutKind = "refused" | "silent";

/** Which nodes do not hear which others. Directed: a node may be heard that hears nobody. */
export class Partition {
  readonly #cuts = new Map<string, CutKind>();

  /** What `from` sends does not reach `to`. */
  cut(from: string, to: string, kind: CutKind): void {
    this.#cuts.set(`${from}>${to}`, kind);
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** @returns undefined when it gets through. */
  between(from: string, to: string): CutKind | undefined {
    return this.#cuts.get(`${from}>${to}`);
  }

  /** The cut that holds for a sender who did not say its name: it is open as long as anybody gets through. */
  beforeAnybody(others: readonly string[], to: string): CutKind | undefined {
    const kinds = others.map((from) => this.between(from, to));
    return kinds.includes(undefined) ? undefined : kinds[0];
  }
}
