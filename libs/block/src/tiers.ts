/** A level of blocks whose rows are sums over buckets of time. */
export interface Tier {
  readonly level: number;
  /** Length of a bucket; buckets begin at multiples of it since 1970. */
  readonly resolutionMs: number;
  /** As limits, metrics and pages name it. */
  readonly name: string;
}

/** By level, which is above those of merged blocks, and by resolution. Kept for ever: blocks say their level alone. */
export const TIERS: readonly Tier[] = [
  { level: 4, resolutionMs: 5 * 60_000, name: "5m" },
  { level: 5, resolutionMs: 60 * 60_000, name: "1h" },
];

/** The tier whose blocks have this level; undefined when blocks of this level keep rows as they came. */
export function tierOfLevel(level: number): Tier | undefined {
  return TIERS.find((tier) => tier.level === level);
}
