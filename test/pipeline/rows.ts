import type { DataDeletion } from "@hearth/deletions";
import type { Labels } from "@hearth/labels";

/** Rows are numbers: the time of a row above the lower 20 bits, which count. */
const COUNTER = 2 ** 20;
/** Rows of tiers count from here on. */
const FIRST_SUMMED = 2 ** 19;
/** What time 0 in a row is: days before every run begins, since clients push old profiles too. */
const BASE_MS = 1_767_225_600_000 - 10 * 24 * 3_600_000;
const PODS = 3;

export const SERVICE = "shop";
export const POD_LABEL = "pod";

export function rowAt(timeMs: number, counter: number): number {
  return Math.floor(timeMs - BASE_MS) * COUNTER + counter;
}

/** A row of a tier, of a series. @param count - of those that were made before. */
export function summedRowAt(timeMs: number, series: number, count: number): number {
  const first = rowAt(timeMs, FIRST_SUMMED + count * PODS);
  return first + ((series - (first % PODS) + PODS) % PODS);
}

/** Numbers of series are those of their pods. */
export function seriesOf(row: number): number {
  return row % PODS;
}

export function timeOfRow(row: number): number {
  return BASE_MS + Math.floor(row / COUNTER);
}

export function podName(pod: number): string {
  return `pod-${pod % PODS}`;
}

/** Labels of the series of a row. */
export function labelsOfRow(row: number): Labels {
  return [
    { name: POD_LABEL, value: podName(row) },
    { name: "service_name", value: SERVICE },
  ];
}

/** Whether a deletion covers a row of its tenant, said as plainly as can be: what rules are judged by. */
export function isCovered(row: number, { matchers, startMs, endMs }: DataDeletion): boolean {
  const timeMs = timeOfRow(row);
  if (timeMs < startMs || timeMs >= endMs) return false;
  const labels = new Map(labelsOfRow(row).map(({ name, value }) => [name, value]));
  return matchers.every(({ name, operator, value }) => {
    const have = labels.get(name) ?? "";
    const isMatch = operator.endsWith("~") ? new RegExp(`^(?:${value})$`, "u").test(have) : have === value;
    return operator.startsWith("!") ? !isMatch : isMatch;
  });
}
