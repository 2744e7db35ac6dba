/** How long something did not happen. */

/**
 * The longest time between two acknowledgements, of which the later came after `fromMs`.
 *
 * @param acknowledgedMs - rising.
 */
export function longestPauseMs(acknowledgedMs: readonly number[], fromMs: number): number {
  let longest = 0;
  for (let index = 1; index < acknowledgedMs.length; index++) {
    const at = acknowledgedMs[index]!;
    if (at >= fromMs) longest = Math.max(longest, at - acknowledgedMs[index - 1]!);
  }
  return longest;
}

export interface Figures {
  readonly count: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/** By nearest rank; zeros of nothing. */
export function figuresOf(values: readonly number[]): Figures {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { count: sorted.length, median: rank(0.5), p99: rank(0.99), max: rank(1) };
}
