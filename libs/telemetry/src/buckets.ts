/** Upper bounds of the classic histograms that the dashboards read. Seconds, unless the name says otherwise. */
export const buckets = {
  requestSeconds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100],
  messageBytes: [1, 2.5, 5, 10, 25, 50, 100, 250].map((mib) => mib * 2 ** 20),
  /** Uploads, storing of metadata, parsing, calls downstream. */
  storeSeconds: exponentialBuckets({ min: 0.001, max: 10, count: 30 }),
  segmentWaitSeconds: linearBuckets({ start: 0.1, step: 0.1, count: 20 }),
  /** Commands of the state machine, snapshots. */
  commandSeconds: exponentialBuckets({ min: 0.01, max: 20, count: 48 }),
  raftSeconds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  jobSeconds: exponentialBuckets({ min: 1, max: 300, count: 16 }),
  timeToCompactionSeconds: exponentialBuckets({ min: 1, max: 14_400, count: 16 }),
} as const satisfies Record<string, readonly number[]>;

/** `count` bounds from `min` to `max`, each the same factor above the one before, to 6 significant digits. */
export function exponentialBuckets(range: { min: number; max: number; count: number }): number[] {
  const factor = (range.max / range.min) ** (1 / (range.count - 1));
  return Array.from({ length: range.count }, (_, index) => rounded(range.min * factor ** index));
}

/** `count` bounds from `start`, each `step` above the one before, to 6 significant digits. */
export function linearBuckets(range: { start: number; step: number; count: number }): number[] {
  return Array.from({ length: range.count }, (_, index) => rounded(range.start + index * range.step));
}

function rounded(bound: number): number {
  return Number(bound.toPrecision(6));
}
