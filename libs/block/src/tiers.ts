/** A level of blocks that are made once a day is over: of many blocks one, whose rows may be sums over buckets of time. */
export interface Tier {
  readonly level: number;
  /** Length of a bucket; buckets begin at multiples of it since 1970. 0: rows stay as they came. */
  readonly resolutionMs: number;
  /** As limits, metrics and pages name it. */
  readonly name: string;
}

/** By level, which is above those of merged blocks, and by resolution. Kept for ever: blocks say their level alone. */
export const TIERS: readonly Tier[] = [
  { level: 4, resolutionMs: 0, name: "day" },
  { level: 5, resolutionMs: 5 * 60_000, name: "5m" },
  { level: 6, resolutionMs: 60 * 60_000, name: "1h" },
];

/** The tier whose blocks have this level; undefined when it is one of merging alone. */
export function tierOfLevel(level: number): Tier | undefined {
  return TIERS.find((tier) => tier.level === level);
}
