import type { MergedSeries } from "../merge/time-series.ts";
import type { TimeRange } from "../request/time-range.ts";

/** Values over time at equal distances, as the older HTTP calls answer them. */
export interface Timeline {
  /** Unix seconds. */
  readonly startTime: number;
  readonly samples: readonly number[];
  /** Seconds. */
  readonly durationDelta: number;
  readonly watermarks: null;
}

/** Steps in seconds, each with the greatest distance that is rounded to it. */
const STEPS: readonly (readonly [upTo: number, stepSeconds: number])[] = [
  [17.5, 15],
  [25, 20],
  [45, 30],
  [90, 60],
  [210, 120],
  [450, 300],
  [750, 600],
  [1050, 900],
  [1500, 1200],
  [2700, 1800],
  [5400, 3600],
  [9000, 7200],
  [16_200, 10_800],
  [32_400, 21_600],
  [86_400, 43_200],
  [604_800, 86_400],
];

/** Where the values of a timeline stand. */
export interface TimelineGrid {
  /** Whole steps since 1970. */
  readonly range: TimeRange;
  readonly stepMs: number;
}

/** A grid that shows a range in about 1,500 values; the range is moved down to whole steps. */
export function timelineGrid({ startMs, endMs }: TimeRange): TimelineGrid {
  const exactSeconds = (endMs - startMs) / 1000 / 1500;
  const stepMs = (STEPS.find(([upTo]) => exactSeconds <= upTo)?.[1] ?? 604_800) * 1000;
  const range = {
    startMs: Math.floor(startMs / stepMs) * stepMs,
    endMs: Math.floor(endMs / stepMs) * stepMs,
  };
  return { range, stepMs };
}

/**
 * Values in `[start, end)` of a grid, zero where the series have none; several series are added up. A point stands where
 * its time falls, moved down to the grid: points are whole steps apart, so that each place has one.
 */
export function timeline(series: readonly MergedSeries[], { range, stepMs }: TimelineGrid): Timeline {
  const samples = Array.from({ length: (range.endMs - range.startMs) / stepMs }, () => 0);
  for (const { timestampMs, value } of series.flatMap(({ points }) => points)) {
    const place = Math.floor((timestampMs - range.startMs) / stepMs);
    if (place < samples.length) samples[place]! += value;
  }
  return { startTime: range.startMs / 1000, samples, durationDelta: stepMs / 1000, watermarks: null };
}
