import { describe, expect, it } from "@jest/globals";

import { parseRenderTime } from "./relative-time.ts";

const NOW_MS = 1_772_449_200_000;
const HOUR_MS = 3_600_000;

describe("parseRenderTime", () => {
  it.each([
    { text: "now", want: NOW_MS },
    { text: "", want: NOW_MS },
    { text: "garbage", want: NOW_MS },
    { text: "now-1h", want: NOW_MS - HOUR_MS },
    { text: "now - 1 h", want: NOW_MS - HOUR_MS },
    { text: "now+90s", want: NOW_MS + 90_000 },
    { text: "yesterday-1h30min", want: NOW_MS - 1.5 * HOUR_MS },
    { text: "now-2m", want: NOW_MS - 120_000 },
    { text: "now-1d", want: NOW_MS - 24 * HOUR_MS },
    { text: "now-1w", want: NOW_MS - 7 * 24 * HOUR_MS },
    { text: "now-1M", want: NOW_MS - 30 * 24 * HOUR_MS },
    { text: "now-1mon", want: NOW_MS - 30 * 24 * HOUR_MS },
    { text: "now-1y", want: NOW_MS - 365 * 24 * HOUR_MS },
    { text: "now-5q", want: NOW_MS },
    { text: "1772445600", want: 1_772_445_600_000 },
    { text: "1772445600123", want: 1_772_445_600_123 },
    { text: "1772445600123456", want: 1_772_445_600_123 },
    { text: "1772445600123456789", want: 1_772_445_600_123 },
    { text: "20260302", want: Date.UTC(2026, 2, 2) },
    { text: "20261399", want: 20_261_399_000 },
    { text: "1,772,445,600", want: 1_772_445_600_000 },
  ])("$text", ({ text, want }) => {
    expect(parseRenderTime(text, NOW_MS)).toBe(want);
  });
});
