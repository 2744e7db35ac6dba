import { describe, expect, it } from "@jest/globals";
import { parseTimeParameter } from "./time-parameter.ts";

const NOW = 1_772_445_600_000_000_000n;
const SECOND = 1_000_000_000n;

describe("a time of /ingest", () => {
  it.each([
    { text: "", want: NOW },
    { text: "now", want: NOW },
    { text: "1772445600", want: NOW },
    { text: "1772445600000", want: NOW },
    { text: "1772445600000000", want: NOW },
    { text: "1772445600000000000", want: NOW },
    { text: "1_772_445_600", want: NOW },
    { text: "0", want: 0n },
    { text: "20260302", want: 1_772_409_600n * SECOND },
    { text: "19000101", want: 19_000_101n * SECOND },
    { text: "20260230", want: 20_260_230n * SECOND },
    { text: "20261399", want: 20_261_399n * SECOND },
    { text: "now-1h", want: NOW - 3600n * SECOND },
    { text: "now-1h30m", want: NOW - 5400n * SECOND },
    { text: "now-90s", want: NOW - 90n * SECOND },
    { text: "-2min", want: NOW - 120n * SECOND },
    { text: "now-1d", want: NOW - 86_400n * SECOND },
    { text: "now-1w", want: NOW - 604_800n * SECOND },
    { text: "now-1mon", want: NOW - 2_592_000n * SECOND },
    { text: "now-1M", want: NOW - 2_592_000n * SECOND },
    { text: "now-1y", want: NOW - 31_536_000n * SECOND },
    { text: "now+10s", want: NOW + 10n * SECOND },
    { text: "2026-03-02T10:00:00Z", want: NOW },
    { text: "2026-03-02T12:00:00.5+02:00", want: NOW + SECOND / 2n },
  ])("reads '$text'", ({ text, want }) => {
    expect(parseTimeParameter("from", text, NOW)).toBe(want);
  });

  it.each([
    "yesterday",
    "now-1x",
    "now-",
    "1.5",
    "-",
    "2026-03-02",
    "2026-02-30T10:00:00Z",
    "now-1h30",
    "99999999999999999999",
  ])("refuses '%s' instead of guessing", (text) => {
    expect(() => parseTimeParameter("until", text, NOW)).toThrow(`until: not a time: ${text}`);
  });
});
