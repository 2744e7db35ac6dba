import { formatDuration } from "@hearth/config";

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Bytes with three digits or less before the point: `0 B`, `999 B`, `1.5 kB`, `23 MB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Number(value.toPrecision(3)) >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : value.toFixed(0)} ${UNITS[unit]}`;
}

/** A time of Unix milliseconds to the second: `2026-01-01 00:00:00`, in UTC. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long, as exactly as one cares: seconds below an hour, minutes below a day, hours beyond. Negative is `0s`. */
export function spanText(ms: number): string {
  const step = ms < HOUR_MS ? 1_000 : ms < DAY_MS ? MINUTE_MS : HOUR_MS;
  return formatDuration(Math.max(0, Math.round(ms / step) * step));
}
