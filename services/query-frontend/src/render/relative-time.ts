/** Times of the older HTTP calls, in Unix milliseconds. What cannot be read means now. */
export function parseRenderTime(text: string, nowMs: number): number {
  const cleaned = text.replaceAll(/[\s_,]/gu, "");
  if (/^\d+$/u.test(cleaned)) return parseDigits(cleaned);
  const at = cleaned.includes("+") ? cleaned.indexOf("+") : cleaned.indexOf("-");
  if (at < 0) return nowMs;
  const sign = cleaned[at] === "+" ? 1 : -1;
  return nowMs + sign * offsetMs(cleaned.slice(at + 1));
}

/** A date, or a time since 1970 in the unit that its length suggests. */
function parseDigits(digits: string): number {
  const date = /^(\d{4})(\d{2})(\d{2})$/u.exec(digits);
  if (date) {
    const dateMs = Date.UTC(Number(date[1]), Number(date[2]) - 1, Number(date[3]));
    if (new Date(dateMs).toISOString().slice(0, 10).replaceAll("-", "") === digits) return dateMs;
  }
  const value = Number(digits);
  switch (digits.length) {
    case 13:
      return value;
    case 16:
      return Math.trunc(value / 1e3);
    case 19:
      return Math.trunc(value / 1e6);
    default:
      return value * 1000;
  }
}

const DAY_MS = 86_400_000;

/** By what the name of a unit begins with; the first that fits counts. */
const UNITS: readonly (readonly [prefix: string, sizeMs: number])[] = [
  ["s", 1000],
  ["mon", 30 * DAY_MS],
  ["M", 30 * DAY_MS],
  ["min", 60_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", DAY_MS],
  ["w", 7 * DAY_MS],
  ["y", 365 * DAY_MS],
];

/** `1h30min`: numbers with units, added up; unknown units count nothing. */
function offsetMs(text: string): number {
  return [...text.matchAll(/(\d+)([^\d]*)/gu)].reduce((sum, [, count = "0", unit = ""]) => {
    const size = UNITS.find(([prefix]) => unit.startsWith(prefix))?.[1] ?? 0;
    return sum + Number(count) * size;
  }, 0);
}
