import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { setting } from "./setting.ts";

const where = { flag: "x", doc: "" };
const kinds = {
  bool: setting.bool({ ...where, default: false }).kind,
  int: setting.int({ ...where, default: 1, min: 1, max: 10 }).kind,
  atLeast: setting.int({ ...where, default: 1, min: 1 }).kind,
  float: setting.float({ ...where, default: 1, max: 2 }).kind,
  bytes: setting.sizeBytes({ ...where, default: 1 }).kind,
  duration: setting.durationMs({ ...where, default: "1s", max: "1h" }).kind,
  choice: setting.choice({ ...where, oneOf: ["a", "b"], default: "a" }).kind,
  list: setting.list({ ...where, default: [] }).kind,
  choices: setting.list({ ...where, oneOf: ["a", "b"], default: [] }).kind,
  structured: setting.structured({ ...where, default: { n: 1 }, schema: z.strictObject({ n: z.number() }) })
    .kind,
};

describe("a value given as text", () => {
  it.each([
    { kind: kinds.bool, text: "true", want: true },
    { kind: kinds.bool, text: "F", want: false },
    { kind: kinds.bool, text: "0", want: false },
    { kind: kinds.int, text: "10", want: 10 },
    { kind: kinds.float, text: "-1.5e1", want: -15 },
    { kind: kinds.bytes, text: "1048576", want: 1_048_576 },
    { kind: kinds.bytes, text: "1.5MiB", want: 1_572_864 },
    { kind: kinds.bytes, text: "2GB", want: 2_000_000_000 },
    { kind: kinds.duration, text: "1m30s", want: 90_000 },
    { kind: kinds.choice, text: "b", want: "b" },
    { kind: kinds.list, text: "a, b,,c", want: ["a", "b", "c"] },
    { kind: kinds.list, text: "", want: [] },
    { kind: kinds.choices, text: "b,a", want: ["b", "a"] },
    { kind: kinds.structured, text: "n: 2", want: { n: 2 } },
    { kind: kinds.structured, text: '{"n":2}', want: { n: 2 } },
  ])("$kind.name $text", ({ kind, text, want }) => {
    expect(kind.parse(text)).toEqual(want);
  });

  it.each([
    { kind: kinds.bool, text: "yes", want: "must be true or false" },
    { kind: kinds.int, text: "1.5", want: "must be an integer" },
    { kind: kinds.int, text: "", want: "must be an integer" },
    { kind: kinds.int, text: "9007199254740993", want: "must be an integer" },
    { kind: kinds.int, text: "11", want: "must be between 1 and 10" },
    { kind: kinds.atLeast, text: "0", want: "must be at least 1" },
    { kind: kinds.float, text: "2.1", want: "must be at most 2" },
    { kind: kinds.float, text: "Infinity", want: "must be a number" },
    { kind: kinds.float, text: "", want: "must be a number" },
    { kind: kinds.bytes, text: "1XB", want: "must be bytes, such as 1048576 or 1MiB" },
    { kind: kinds.bytes, text: "-1", want: "must be bytes, such as 1048576 or 1MiB" },
    { kind: kinds.duration, text: "5", want: "must be a duration, such as 1h30m, 500ms or 7d" },
    { kind: kinds.duration, text: "-1s", want: "must be between 0s and 1h" },
    { kind: kinds.choice, text: "c", want: "must be one of a, b" },
    { kind: kinds.choices, text: "a,c", want: "must be one of a, b" },
    { kind: kinds.structured, text: "n: x", want: "n: Invalid input: expected number, received string" },
    { kind: kinds.structured, text: "{", want: "must be YAML" },
  ])("$kind.name refuses $text: $want", ({ kind, text, want }) => {
    expect(() => kind.parse(text)).toThrow(want);
  });
});
