import { InvalidArgumentError } from "@hearth/errors";

const SECOND = 1_000_000_000n;
const DAY = 86_400n * SECOND;
/** Times of profiles are signed 64-bit nanoseconds. */
const MAX_NANOS = 2n ** 63n - 1n;

/** By what the name of a unit begins with; the first that fits counts. */
const UNITS: readonly (readonly [prefix: string, nanos: bigint])[] = [
  ["s", SECOND],
  ["mon", 30n * DAY],
  ["M", 30n * DAY],
  ["min", 60n * SECOND],
  ["m", 60n * SECOND],
  ["h", 3600n * SECOND],
  ["d", DAY],
  ["w", 7n * DAY],
  ["y", 365n * DAY],
];

/**
 * Reads a time as `/ingest` takes it: `now`, `now-1h30m`, a date `20260302`, Unix time in seconds, milliseconds,
 * microseconds or nanoseconds by the number of its digits, or RFC 3339.
 *
 * @param name - of the parameter, for the error.
 * @returns Unix nanoseconds; `nowNanos` for an empty text.
 * @throws {InvalidArgumentError} for anything else: guessing would store a profile at the wrong time.
 */
export function parseTimeParameter(name: string, text: string, nowNanos: bigint): bigint {
  const cleaned = text.replaceAll(/[\s_,]/g, "");
  if (cleaned === "") return nowNanos;
  const nanos = /^\d+$/.test(cleaned)
    ? fromDigits(cleaned)
    : (fromOffset(cleaned, nowNanos) ?? fromRfc3339(text.trim()));
  if (nanos === undefined || nanos < 0n || nanos > MAX_NANOS) {
    throw new InvalidArgumentError(`${name}: not a time: ${text}`);
  }
  return nanos;
}

function fromDigits(digits: string): bigint {
  const date = fromDate(digits);
  if (date !== undefined) return date;
  const value = BigInt(digits);
  switch (digits.length) {
    case 13:
      return value * 1_000_000n;
    case 16:
      return value * 1000n;
    case 19:
      return value;
    default:
      return value * SECOND;
  }
}

/** `YYYYMMDD` in UTC, when the eight digits are a date after 1900. */
function fromDate(digits: string): bigint | undefined {
  const [, year = "", month = "", day = ""] = /^(\d{4})(\d{2})(\d{2})$/.exec(digits) ?? [];
  if (Number(year) <= 1900) return undefined;
  return fromRfc3339(`${year}-${month}-${day}T00:00:00Z`);
}

function fromOffset(text: string, nowNanos: bigint): bigint | undefined {
  const match = /^(?:now)?(?:([+-])((?:\d+[a-zA-Z]+)+))?$/.exec(text);
  if (!match) return undefined;
  const offset = match[2] === undefined ? 0n : sumOfParts(match[2]);
  if (offset === undefined) return undefined;
  return match[1] === "-" ? nowNanos - offset : nowNanos + offset;
}

/** `1h30min`: numbers with units, added up. */
function sumOfParts(text: string): bigint | undefined {
  let sum = 0n;
  for (const [, count = "0", unit = ""] of text.matchAll(/(\d+)([a-zA-Z]+)/g)) {
    const nanos = UNITS.find(([prefix]) => unit.startsWith(prefix))?.[1];
    if (nanos === undefined) return undefined;
    sum += BigInt(count) * nanos;
  }
  return sum;
}

function fromRfc3339(text: string): bigint | undefined {
  const form = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.exec(text);
  if (!form || !isCalendarDate(form[1] ?? "")) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n;
}

/** `Date.parse` takes the 30th of February for the 2nd of March. */
function isCalendarDate(date: string): boolean {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}
