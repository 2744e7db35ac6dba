import { describe, expect, it } from "@jest/globals";
import { reduceSessionId, sanitizeLabels, sortLabels, validateLabels, type Label } from "./index.ts";

const limits = { maxLabelNamesPerSeries: 4, maxLabelNameLengthBytes: 12, maxLabelValueLengthBytes: 11 };
const label = (name: string, value: string): Label => ({ name, value });
const named = [label("__name__", "process_cpu"), label("service_name", "app")];

describe("validateLabels", () => {
  it.each([
    {
      name: "nothing at all",
      labels: [],
      want: ["missing_labels", "error at least one label pair is required per profile"],
    },
    {
      name: "too many, before all else",
      labels: ["a", "b", "c", "d", "e"].map((name) => label(name, "v")),
      want: [
        "max_label_names_per_series",
        `profile series '{a="v", b="v", c="v", d="v", e="v"}' has 5 label names; limit 4`,
      ],
    },
    {
      name: "no profile name",
      labels: [label("service_name", "app")],
      want: ["invalid_labels", `invalid labels '{service_name="app"}' with error: invalid metric name`],
    },
    {
      name: "an empty profile name",
      labels: [label("__name__", ""), label("service_name", "app")],
      want: ["invalid_labels", `invalid labels '{service_name="app"}' with error: invalid metric name`],
    },
    {
      name: "no service",
      labels: [label("__name__", "cpu")],
      want: ["missing_labels", `invalid labels '{__name__="cpu"}' with error: service name is not provided`],
    },
    {
      name: "a long name, in bytes",
      labels: [...named, label("üüüüüüü", "v")],
      want: [
        "label_name_too_long",
        `profile with labels '{__name__="process_cpu", service_name="app", üüüüüüü="v"}' has label name too long: 'üüüüüüü'`,
      ],
    },
    {
      name: "a long value",
      labels: [...named, label("k", "123456789012")],
      want: [
        "label_value_too_long",
        `profile with labels '{__name__="process_cpu", k="123456789012", service_name="app"}' has label value too long: '123456789012'`,
      ],
    },
    {
      name: "an empty name",
      labels: [...named, label("", "x")],
      want: [
        "invalid_labels",
        `invalid labels '{="x", __name__="process_cpu", service_name="app"}' with error: invalid label name ''`,
      ],
    },
    {
      name: "half a surrogate pair",
      labels: [...named, label("k", "\ud800")],
      want: [
        "invalid_labels",
        `invalid labels '{__name__="process_cpu", k="\\ufffd", service_name="app"}' with error: invalid label value '\ufffd'`,
      ],
    },
    {
      name: "a name twice, even with one value",
      labels: [...named, label("pod", "a"), label("pod", "a")],
      want: [
        "duplicate_label_names",
        `profile with labels '{__name__="process_cpu", pod="a", pod="a", service_name="app"}' has duplicate label name: 'pod'`,
      ],
    },
  ])("refuses $name", ({ labels, want: [reason, message] }) => {
    expect(validateLabels(sortLabels(labels), limits)).toEqual({ reason, message });
  });

  it.each([
    {
      name: "names and values just as long as allowed",
      labels: [...named, label("k".repeat(12), "v".repeat(11))],
    },
    { name: "any characters in a name", labels: [...named, label("a b/ü", "v")] },
    { name: "as many labels as allowed", labels: [...named, label("a", "v"), label("b", "v")] },
  ])("accepts $name", ({ labels }) => {
    expect(validateLabels(sortLabels(labels), limits)).toBeUndefined();
  });
});

describe("sanitizeLabels", () => {
  it.each([
    { name: "dots become underscores", labels: [label("a.b", "1")], want: [label("a_b", "1")] },
    {
      name: "equal labels become one",
      labels: [label("a.b", "1"), label("a_b", "1")],
      want: [label("a_b", "1")],
    },
    {
      name: "two values for one name are refused",
      labels: [label("a.b", "1"), label("a_b", "2")],
      want: {
        reason: "duplicate_label_names",
        message: `profile with labels '{a.b="1", a_b="2"}' has duplicate label name 'a_b' after label name sanitization from 'a_b'`,
      },
    },
    {
      name: "other characters are refused",
      labels: [label("a-b", "1")],
      want: {
        reason: "invalid_labels",
        message: `invalid labels '{a-b="1"}' with error: invalid label name 'a-b'`,
      },
    },
  ])("$name", ({ labels, want }) => {
    expect(sanitizeLabels(labels)).toEqual(want);
  });
});

describe("reduceSessionId", () => {
  const session = (value: string): Label[] => [label("__session_id__", value), ...named];

  it.each([
    { name: "without a limit the label goes", id: "0100000000000000", max: 0, want: [] },
    { name: "the bytes are little-endian", id: "0700000000000000", max: 5, want: ["0200000000000000"] },
    { name: "the number has no sign", id: "ffffffffffffffff", max: 10, want: ["0500000000000000"] },
    { name: "what is no id goes", id: "xyz", max: 5, want: [] },
  ])("$name", ({ id, max, want }) => {
    const reduced = reduceSessionId(session(id), max);
    expect(reduced.filter(({ name }) => name === "__session_id__").map(({ value }) => value)).toEqual(want);
    expect(reduced.filter(({ name }) => name !== "__session_id__")).toEqual(named);
  });

  it("leaves other label sets alone", () => {
    expect(reduceSessionId(named, 0)).toBe(named);
  });
});
