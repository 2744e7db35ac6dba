/** `90s` as Go prints it: `1m30s`; hours, minutes and seconds are all there from the first that is not zero. */
export function goDuration(durationMs: number): string {
  const totalSeconds = Math.floor(durationMs / 1000);
  const rest = durationMs % 1000;
  if (totalSeconds === 0) return rest === 0 ? "0s" : `${rest}ms`;
  const hours = Math.floor(totalSeconds / 3600);
  const minutes = Math.floor(totalSeconds / 60) % 60;
  const seconds = `${(totalSeconds % 60) + rest / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

const UNITS: readonly (readonly [unit: string, sizeMs: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/** `36h` as Prometheus prints it: `1d12h`; whole weeks and years are printed as such. */
export function prometheusDuration(durationMs: number): string {
  const day = 86_400_000;
  if (durationMs === 0) return "0s";
  if (durationMs % (365 * day) === 0) return `${durationMs / (365 * day)}y`;
  if (durationMs % (7 * day) === 0) return `${durationMs / (7 * day)}w`;
  let rest = durationMs;
  let text = "";
  for (const [unit, sizeMs] of UNITS) {
    const count = Math.floor(rest / sizeMs);
    if (count > 0) text += `${count}${unit}`;
    rest %= sizeMs;
  }
  return text;
}
