/** Milliseconds of each unit, longest first: the order in which a duration is written. */
const UNIT_MS = {
  y: 31_536_000_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
} as const;
/** Go's finer units are read, never written. */
const READABLE_UNIT_MS: Readonly<Record<string, number>> = {
  ...UNIT_MS,
  us: 0.001,
  µs: 0.001,
  μs: 0.001,
  ns: 0.000001,
};
const PART = /(\d+(?:\.\d+)?|\.\d+)(ms|us|µs|μs|ns|[ywdhms])/gu;
const DURATION = /^([+-]?)((?:(?:\d+(?:\.\d+)?|\.\d+)(?:ms|us|µs|μs|ns|[ywdhms]))+|0)$/u;

/**
 * Reads `1h30m`, `500ms`, `1.5s`, `7d`, `1w`, `0`: what Go accepts, and days, weeks and years (of 365 days).
 *
 * @returns milliseconds, with a fraction when the text has one; `undefined` if the text is no duration.
 */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text.trim());
  if (match === null) return undefined;
  const [, sign = "", parts = ""] = match;
  let sumMs = 0;
  for (const [, count = "", unit = ""] of parts.matchAll(PART))
    sumMs += Number(count) * (READABLE_UNIT_MS[unit] ?? 0);
  return sign === "-" ? -sumMs : sumMs;
}

/**
 * Writes a duration the way Prometheus does: `1w`, `31d`, `1d12h`, `1h30m`, `1.5ms` (and `0s`). Years and weeks only
 * when nothing is left over, so that 8 days stay `8d`.
 */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return "0s";
  if (durationMs < 0) return `-${formatDuration(-durationMs)}`;
  let restMs = durationMs;
  let text = "";
  for (const [unit, unitMs] of Object.entries(UNIT_MS)) {
    const mustBeExact = unit === "y" || unit === "w";
    if (mustBeExact && restMs % unitMs !== 0) continue;
    const count = unit === "ms" ? restMs : Math.floor(restMs / unitMs);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * unitMs;
  }
  return text;
}
