import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { formatLogLine } from "./log-line.ts";
import type { LogFields } from "./logger.ts";

const context = { unixMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6), traceId: undefined };

function line(format: "json" | "logfmt", fields: LogFields, message = "flushed"): string {
  return formatLogLine(format, { level: "info", component: "segment-writer", message, fields }, context);
}

class ExpectedError extends Error {
  readonly code = 14;
}

describe("a line in logfmt", () => {
  const head = "ts=2026-01-02T03:04:05.006Z level=info component=segment-writer msg=flushed";
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;

  it.each([
    { name: "without fields", fields: {}, want: head },
    { name: "bare texts and numbers", fields: { tenant: "acme", n: 1.5 }, want: `${head} tenant=acme n=1.5` },
    { name: "a space is quoted", fields: { a: "x y" }, want: `${head} a="x y"` },
    { name: "an empty text is quoted", fields: { a: "" }, want: `${head} a=""` },
    { name: "a quote is escaped", fields: { a: 'x"y' }, want: `${head} a="x\\"y"` },
    { name: "a line end stays in its line", fields: { a: "x\ny" }, want: `${head} a="x\\ny"` },
    {
      name: "terminal codes are escaped",
      fields: { a: "\u001b[1m\u009b2J" },
      want: `${head} a="\\u001b[1m\\u009b2J"`,
    },
    {
      name: "big integers keep every digit",
      fields: { a: 2n ** 64n },
      want: `${head} a=18446744073709551616`,
    },
    { name: "not a number", fields: { a: Number.NaN }, want: `${head} a=NaN` },
    { name: "null", fields: { a: null }, want: `${head} a=null` },
    { name: "undefined is left out", fields: { a: undefined }, want: head },
    { name: "an object is JSON", fields: { a: { b: [1, 2n] } }, want: `${head} a="{\\"b\\":[1,\\"2\\"]}"` },
    {
      name: "a circle does not throw",
      fields: { a: circular },
      want: `${head} a="\\"[not serializable]\\""`,
    },
    { name: "what is not ASCII is quoted", fields: { a: "grün" }, want: `${head} a="grün"` },
    { name: "half a character is escaped", fields: { a: "x\ud800" }, want: `${head} a="x\\ud800"` },
    { name: "a key is made safe", fields: { "a b=": 1 }, want: `${head} a_b_=1` },
    { name: "a field cannot pose as the message", fields: { msg: "x" }, want: `${head} field_msg=x` },
    {
      name: "an expected error with its cause",
      fields: { error: new ExpectedError("put failed", { cause: new ExpectedError("no route") }) },
      want: `${head} error="Error: put failed <- Error: no route"`,
    },
  ])("$name", ({ fields, want }) => {
    expect(line("logfmt", fields)).toBe(want);
  });

  it("gives the stack of an error that nobody expected", () => {
    expect(line("logfmt", { error: new TypeError("boom") })).toMatch(
      /error="TypeError: boom\\n.*log-line\.test\.ts/u,
    );
  });

  it("cuts long texts", () => {
    const [, value = ""] = line("logfmt", { a: "x".repeat(10_000) }).split(" a=");
    expect(value.length).toBeLessThan(8300);
    expect(value.slice(-24)).toBe('xxx… (10000 characters)"');
  });
});

describe("a line in JSON", () => {
  it("is an object with the fields after the fixed keys", () => {
    expect(JSON.parse(line("json", { tenant: "acme", count: 3 }))).toEqual({
      ts: "2026-01-02T03:04:05.006Z",
      level: "info",
      component: "segment-writer",
      msg: "flushed",
      tenant: "acme",
      count: 3,
    });
  });

  it("carries the trace", () => {
    const event = { level: "warn", component: undefined, message: "slow", fields: {} } as const;
    expect(formatLogLine("json", event, { unixMs: 0, traceId: "4bf9" })).toBe(
      '{"ts":"1970-01-01T00:00:00.000Z","level":"warn","msg":"slow","traceId":"4bf9"}',
    );
  });

  it("is one line of valid JSON whatever the texts are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (key, value) => {
        const text = line("json", { [key]: value }, value);
        expect(text).not.toMatch(/[\n\r\u007f-\u009f\u2028\u2029]/u);
        expect(JSON.parse(text)).toMatchObject({ msg: value });
      }),
    );
  });
});
