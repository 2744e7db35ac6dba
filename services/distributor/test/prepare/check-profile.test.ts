import { gzipSync } from "node:zlib";

import { buildPprof, ProtoWriter, type PprofSketch } from "@hearth/testing";
import { describe, expect, it } from "@jest/globals";

import { labelsOf, nowNanos, prepared, rejection, rowsOf, type InputChanges } from "./prepared-view.ts";

const SECOND = 1_000_000_000n;
const sketch: PprofSketch = {
  sampleTypes: [["cpu", "nanoseconds"]],
  samples: [{ stack: ["leaf", "main"], values: [1] }],
};
const tiny = buildPprof(sketch);

/** A profile of one sample, to which fields are added. */
function tinyWith(write: (out: ProtoWriter) => unknown): Uint8Array {
  const out = new ProtoWriter();
  write(out);
  return Buffer.concat([tiny, out.finish()]);
}

describe("limits", () => {
  it.each<{ name: string; sketch: Partial<PprofSketch>; limits: InputChanges["limits"]; want: string }>([
    {
      name: "as many samples as allowed",
      sketch: {
        samples: [
          { stack: ["a"], values: [1] },
          { stack: ["b"], values: [1] },
        ],
      },
      limits: { maxProfileStacktraceSamples: 2 },
      want: "accepted",
    },
    {
      name: "more samples",
      sketch: {
        samples: [
          { stack: ["a"], values: [1] },
          { stack: ["b"], values: [1] },
        ],
      },
      limits: { maxProfileStacktraceSamples: 1 },
      want:
        `samples_limit: the profile with labels '{__name__="process_cpu", service_name="shop"}' exceeds the samples ` +
        "count limit (max_profile_stacktrace_samples, actual: 2, limit: 1)",
    },
    {
      name: "as many labels of a sample as allowed",
      sketch: { samples: [{ stack: ["a"], values: [1], labels: { a: "1", b: "2" } }] },
      limits: { maxProfileStacktraceSampleLabels: 2 },
      want: "accepted",
    },
    {
      name: "more labels of a sample",
      sketch: { samples: [{ stack: ["a"], values: [1], labels: { a: "1" }, numberLabels: { n: 1 } }] },
      limits: { maxProfileStacktraceSampleLabels: 1 },
      want:
        `sample_labels_limit: the profile with labels '{__name__="process_cpu", service_name="shop"}' exceeds the ` +
        "sample labels limit (max_profile_stacktrace_sample_labels, actual: 2, limit: 1)",
    },
    {
      name: "no limits",
      sketch: { samples: [{ stack: ["a"], values: [1], labels: { a: "1" } }] },
      limits: {
        maxProfileStacktraceSamples: 0,
        maxProfileStacktraceSampleLabels: 0,
        maxProfileSizeBytes: 0,
        maxProfileStacktraceDepth: 0,
        maxProfileSymbolValueLengthBytes: 0,
      },
      want: "accepted",
    },
  ])("$name", ({ sketch: change, limits, want }) => {
    expect(rejection(buildPprof({ ...sketch, ...change }), { limits: limits ?? {} })).toBe(want);
  });

  it.each([
    { name: "plain", body: tiny },
    { name: "compressed", body: gzipSync(tiny) },
  ])("of size hold for a $name profile", ({ body }) => {
    expect(rejection(body, { limits: { maxProfileSizeBytes: tiny.length } })).toBe("accepted");
    expect(rejection(body, { limits: { maxProfileSizeBytes: tiny.length - 1 } })).toMatch(
      /^profile_size_limit: .*max_profile_size_bytes/u,
    );
  });
});

describe("time", () => {
  const at = (timeNanos: bigint, limits: InputChanges["limits"] = {}): string =>
    rejection(buildPprof({ ...sketch, timeNanos }), { limits });
  const hour = 3600n * SECOND;

  it.each([
    { name: "now", timeNanos: nowNanos, want: "accepted" },
    { name: "just within an hour ago", timeNanos: nowNanos - hour + 1n, want: "accepted" },
    { name: "just within ten minutes ahead", timeNanos: nowNanos + 600n * SECOND - 1n, want: "accepted" },
    { name: "an hour ago", timeNanos: nowNanos - hour, want: "not_in_ingestion_window" },
    { name: "ten minutes ahead", timeNanos: nowNanos + 600n * SECOND, want: "not_in_ingestion_window" },
  ])("$name", ({ timeNanos, want }) => {
    expect(at(timeNanos).split(":")[0]).toBe(want);
  });

  it("may be any where the limits are off", () => {
    const off = { rejectOlderThanMs: 0, rejectNewerThanMs: 0 };
    expect([at(1n, off), at(2n ** 62n, off)]).toEqual(["accepted", "accepted"]);
  });

  it.each([0n, -5n])("%p means now", (timeNanos) => {
    const { services } = prepared(buildPprof({ ...sketch, timeNanos }));
    expect(services[0]!.profile.rows.timeMs[0]).toBe(Number(nowNanos / 1_000_000n));
  });

  it("is kept to the nanosecond", () => {
    const { rows } = prepared(buildPprof({ ...sketch, timeNanos: nowNanos + 123_456_789n })).services[0]!
      .profile;
    expect([rows.timeMs[0], rows.timeRestNanos[0]]).toEqual([Number(nowNanos / 1_000_000n) + 123, 456_789]);
  });
});

describe("form", () => {
  it.each([
    { name: "no sample types", body: buildPprof({ sampleTypes: [], samples: [] }), message: "empty profile" },
    { name: "no bytes at all", body: new Uint8Array(0), message: "empty profile" },
    {
      name: "a location with id 0",
      body: tinyWith((out) => out.message(4, () => 0)),
      message: "location id is 0",
    },
    {
      name: "a function with id 0",
      body: tinyWith((out) => out.message(5, () => 0)),
      message: "function id is 0",
    },
    {
      name: "a sample with too few values",
      body: tinyWith((out) => out.message(2, () => 0)),
      message: "sample value length mismatch",
    },
    {
      name: "samples with too many and too few values",
      body: tinyWith((out) => out.message(2, (sample) => sample.packed(2, [1, 2])).message(2, () => 0)),
      message: "sample value length mismatch",
    },
    {
      name: "a string 0 that is not empty",
      body: new ProtoWriter()
        .message(1, () => 0)
        .string(6, "zero")
        .finish(),
      message: "string 0 should be empty string",
    },
    {
      name: "no strings",
      body: new ProtoWriter().message(1, () => 0).finish(),
      message: "string 0 should be empty string",
    },
    {
      name: "a sample type beyond the strings",
      body: tinyWith((out) =>
        out.message(2, (s) => s.packed(2, [1, 1])).message(1, (type) => type.number(1, 99)),
      ),
      message: "sample value length mismatch",
    },
    {
      name: "the name of a function beyond the strings",
      body: tinyWith((out) => out.message(5, (fn) => fn.number(1, 9).number(2, 99))),
      message: "function name string index out of range",
    },
    {
      name: "a negative index",
      body: tinyWith((out) => out.message(5, (fn) => fn.number(1, 9).number(4, -1))),
      message: "function file name string index out of range",
    },
    {
      name: "the system name of a function beyond the strings",
      body: tinyWith((out) => out.message(5, (fn) => fn.number(1, 9).number(3, 2n ** 40n))),
      message: "function system name string index out of range",
    },
    {
      name: "the file of a mapping beyond the strings",
      body: tinyWith((out) => out.message(3, (mapping) => mapping.number(1, 1).number(5, 66))),
      message: "mapping file name string index out of range",
    },
    {
      name: "the build id of a mapping beyond the strings",
      body: tinyWith((out) => out.message(3, (mapping) => mapping.number(1, 1).number(6, 66))),
      message: "mapping build id string index out of range",
    },
    {
      name: "the key of a label beyond the strings",
      body: tinyWith((out) =>
        out.message(2, (s) => s.packed(2, [1]).message(3, (label) => label.number(1, 55))),
      ),
      message: "sample label string index out of range",
    },
    {
      name: "the period type beyond the strings",
      body: tinyWith((out) => out.message(11, (type) => type.number(2, 55))),
      message: "period type string index out of range",
    },
    {
      name: "a comment beyond the strings",
      body: tinyWith((out) => out.packed(13, [1, 55])),
      message: "comment string index out of range",
    },
    {
      name: "a dash in a sample type",
      body: buildPprof({ ...sketch, sampleTypes: [["inuse-space", "bytes"]] }),
      message: "sample type contains -",
    },
    {
      name: "a string that is not UTF-8",
      body: tinyWith((out) => out.bytes(6, Uint8Array.of(0x6d, 0xff, 0xfe))),
      message: "invalid utf8 string hex: 6dfffe",
    },
  ])("refuses $name", ({ body, message }) => {
    expect(rejection(body)).toBe(`malformed_profile: ${message}`);
  });

  it.each([
    { name: "junk", body: Uint8Array.of(0x0e, 1, 2), message: "not valid protobuf" },
    { name: "gzip that is cut off", body: gzipSync(tiny).subarray(0, -12), message: "not valid gzip" },
  ])("refuses $name as malformed", ({ body, message }) => {
    expect(rejection(body)).toMatch(new RegExp(`^malformed_profile: .*${message}`, "u"));
  });
});

describe("labels", () => {
  it.each([
    {
      name: "without a name",
      labels: { service_name: "shop" },
      want: `invalid_labels: invalid labels '{service_name="shop"}' with error: invalid metric name`,
    },
    {
      name: "with an empty service name",
      labels: [...labelsOf({ __name__: "x" }), { name: "service_name", value: "" }],
      want: `missing_labels: invalid labels '{__name__="x"}' with error: service name is not provided`,
    },
    {
      name: "with a name that comes twice",
      labels: [...labelsOf({ __name__: "x", service_name: "s", pod: "a" }), { name: "pod", value: "b" }],
      want:
        `duplicate_label_names: profile with labels '{__name__="x", pod="a", pod="b", service_name="s"}' ` +
        "has duplicate label name: 'pod'",
    },
  ])("$name are refused", ({ labels, want }) => {
    expect(rejection(tiny, { labels })).toBe(want);
  });

  it("with a name that comes twice are refused before rules see them", () => {
    const labels = [...labelsOf({ __name__: "x", pod: "a" }), { name: "pod", value: "a" }];
    expect(rejection(tiny, { labels }, { series: (set) => set })).toMatch(
      /^duplicate_label_names: .*'pod'$/u,
    );
  });

  it("are refused before the profile is looked at", () => {
    expect(rejection(Uint8Array.of(0xff), { labels: {} })).toMatch(/^invalid_labels/u);
  });

  it("without a service get one", () => {
    expect(prepared(tiny, { labels: { __name__: "x" } }).services[0]!.serviceName).toBe("unknown_service");
  });

  it("of samples count too", () => {
    const body = buildPprof({
      ...sketch,
      samples: [{ stack: ["a"], values: [1], labels: { one: "1" } }],
    });
    const labels = { maxLabelNamesPerSeries: 2, maxLabelNameLengthBytes: 100, maxLabelValueLengthBytes: 100 };
    expect(rejection(body, { limits: { labels } })).toMatch(
      /^max_label_names_per_series: .*3 label names; limit 2$/u,
    );
  });

  it("get underscores for dots where the tenant wants it", () => {
    const labels = { __name__: "x", service_name: "s", "a.b": "1" };
    const rows = rowsOf(prepared(tiny, { labels, limits: { disableLabelSanitization: false } }));
    expect(rows[0]!.labels).toBe("__name__=x a_b=1 service_name=s");
  });
});
