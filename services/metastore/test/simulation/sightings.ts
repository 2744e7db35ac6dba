/** Counts what happened in runs, against a table that says how often each thing must: a simulation that does not get there proves nothing. */
export class Sightings<Sight extends string> {
  readonly counts = new Map<string, number>();
  /** Per 1,000 seeds. */
  readonly #wanted: Readonly<Record<Sight, number>>;

  constructor(wanted: Readonly<Record<Sight, number>>) {
    this.#wanted = wanted;
  }

  note(sight: Sight): void {
    this.counts.set(sight, (this.counts.get(sight) ?? 0) + 1);
  }

  addAll(other: Sightings<Sight>): void {
    for (const [sight, count] of other.counts) this.counts.set(sight, (this.counts.get(sight) ?? 0) + count);
  }

  /** How often each thing was seen in `seedCount` runs, and how often it must be. */
  table(seedCount: number): { sight: string; have: number; want: number }[] {
    return Object.entries<number>(this.#wanted).map(([sight, perThousand]) => ({
      sight,
      have: this.counts.get(sight) ?? 0,
      want: Math.ceil((perThousand * seedCount) / 1_000),
    }));
  }

  /** What was seen too rarely in `seedCount` runs. */
  missing(seedCount: number): string[] {
    return this.table(seedCount)
      .filter(({ want, have }) => have < want)
      .map(({ sight, want, have }) => `${sight}: ${have} of ${want}`);
  }
}
