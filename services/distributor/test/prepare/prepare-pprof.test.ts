import { gzipSync } from "node:zlib";

import { labelValue, withLabels } from "@hearth/labels";
import { buildPprof, ProtoWriter, type PprofSketch, type SampleSketch } from "@hearth/testing";
import { describe, expect, it } from "@jest/globals";

import { prepared, rowsOf, type InputChanges, type RowView } from "./prepared-view.ts";

const cpu: PprofSketch = {
  sampleTypes: [
    ["samples", "count"],
    ["cpu", "nanoseconds"],
  ],
  periodType: ["cpu", "nanoseconds"],
  period: 10_000_000,
  samples: [],
};

const rowsOfSamples = (samples: readonly SampleSketch[], changes: InputChanges = {}): RowView[] =>
  rowsOf(prepared(buildPprof({ ...cpu, samples }), changes));

/** Samples of the second sample type, by label set. */
const cpuRows = (rows: readonly RowView[]): Record<string, RowView["samples"]> =>
  Object.fromEntries(
    rows
      .filter(({ profileType }) => profileType.includes(":cpu:nanoseconds:"))
      .map(({ labels, samples }) => [labels, samples]),
  );

describe("rows of a profile", () => {
  it("are one for each sample type, with its labels and without zeros", () => {
    const rows = rowsOfSamples([
      { stack: ["leaf", "main"], values: [1, 10] },
      { stack: ["main"], values: [0, 5] },
      { stack: ["other", "main"], values: [2, 0] },
    ]);
    expect(rows).toEqual([
      {
        labels: "__name__=process_cpu service_name=shop",
        profileType: "process_cpu:samples:count:cpu:nanoseconds",
        samples: { "leaf;main": 1n, "other;main": 2n },
      },
      {
        labels: "__name__=process_cpu service_name=shop",
        profileType: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        samples: { "leaf;main": 10n, main: 5n },
      },
    ]);
  });

  it("are the same for a compressed profile, id included", () => {
    const body = buildPprof({ ...cpu, samples: [{ stack: ["main"], values: [1, 2] }] });
    const [plain, compressed] = [prepared(body), prepared(gzipSync(body))];
    expect(compressed.services).toEqual(plain.services);
  });

  it("sum samples that are equal", () => {
    const rows = rowsOfSamples([
      { stack: ["leaf", "main"], values: [1, 2n ** 53n] },
      { stack: ["leaf", "main"], values: [2, 1] },
      { stack: ["leaf", "main"], values: [3, 2n ** 62n] },
    ]);
    expect(rows.map(({ samples }) => samples)).toEqual([
      { "leaf;main": 6n },
      { "leaf;main": 2n ** 53n + 1n + 2n ** 62n },
    ]);
  });

  it("keep a sample without a stack", () => {
    expect(rowsOfSamples([{ stack: [], values: [1, 2] }])[0]!.samples).toEqual({ "": 1n });
  });

  it("carry period and duration", () => {
    const body = buildPprof({ ...cpu, durationNanos: 15e9, samples: [{ stack: ["a"], values: [1, 1] }] });
    const { rows } = prepared(body).services[0]!.profile;
    expect([...rows.period, ...rows.durationNanos]).toEqual([1e7, 1e7, 15e9, 15e9]);
  });

  it("are none, without an error, when nothing is left to store", () => {
    const outcome = prepared(buildPprof({ ...cpu, samples: [{ stack: ["a"], values: [0, 0] }] }));
    expect(outcome).toMatchObject({ services: [], counts: { zeroSamples: 1, receivedSamples: 1 } });
  });

  it("call CPU time in a profile of wall time by its name", () => {
    const body = buildPprof({
      sampleTypes: [
        ["wall", "nanoseconds"],
        ["cpu", "nanoseconds"],
      ],
      periodType: ["wall", "nanoseconds"],
      samples: [{ stack: ["main"], values: [7, 3] }],
    });
    const labels = { __name__: "wall", service_name: "shop" };
    expect(
      rowsOf(prepared(body, { labels })).map(({ profileType, labels }) => `${profileType} ${labels}`),
    ).toEqual([
      "wall:wall:nanoseconds:wall:nanoseconds __name__=wall service_name=shop",
      "process_cpu:cpu:nanoseconds:wall:nanoseconds __name__=process_cpu __name_replaced__=wall service_name=shop",
    ]);
    expect(rowsOf(prepared(body, { labels, limits: { renameWallCpu: false } }))[1]!.profileType).toBe(
      "wall:cpu:nanoseconds:wall:nanoseconds",
    );
  });
});

describe("samples that are not stored", () => {
  it.each([
    { name: "with a negative value", values: [-1, 5], count: "negativeSamples" },
    { name: "with the smallest value of all", values: [1, -(2n ** 63n)], count: "negativeSamples" },
    { name: "with only zeros", values: [0, 0], count: "zeroSamples" },
  ])("$name", ({ values, count }) => {
    const samples = [
      { stack: ["bad"], values },
      { stack: ["good"], values: [1, 1] },
    ];
    const outcome = prepared(buildPprof({ ...cpu, samples }));
    expect(rowsOf(outcome).map((row) => row.samples)).toEqual([{ good: 1n }, { good: 1n }]);
    expect(outcome.counts).toMatchObject({ [count]: 1 });
  });

  const unresolved = (write: (out: ProtoWriter) => unknown): Uint8Array => {
    const out = new ProtoWriter();
    out.string(6, "").string(6, "cpu").string(6, "main");
    out.message(1, (type) => type.number(1, 1));
    out.message(2, (sample) => sample.packed(1, [1]).packed(2, [3]));
    out.message(2, (sample) => sample.packed(1, [2, 1]).packed(2, [4]));
    out.message(4, (location) => location.number(1, 1).message(4, (line) => line.number(1, 1)));
    out.message(5, (fn) => fn.number(1, 1).number(2, 2));
    write(out);
    return out.finish();
  };

  it.each([
    { name: "a location that is not there", write: () => 0 },
    {
      name: "a location that says nothing",
      write: (out: ProtoWriter) => out.message(4, (l) => l.number(1, 2)),
    },
    {
      name: "a location in a mapping that is not there",
      write: (out: ProtoWriter) => out.message(4, (l) => l.number(1, 2).number(2, 9).number(3, 4096)),
    },
    {
      name: "a line of a function that is not there",
      write: (out: ProtoWriter) =>
        out.message(4, (l) => l.number(1, 2).message(4, (line) => line.number(1, 9))),
    },
    {
      name: "a line without a function",
      write: (out: ProtoWriter) => out.message(4, (l) => l.number(1, 2).message(4, () => 0)),
    },
  ])("of $name", ({ write }) => {
    const outcome = prepared(unresolved(write));
    expect(rowsOf(outcome).map(({ samples }) => samples)).toEqual([{ main: 3n }]);
    expect(outcome.counts.unresolvedSamples).toBe(1);
  });

  it("but those with an address alone are", () => {
    const outcome = prepared(unresolved((out) => out.message(4, (l) => l.number(1, 2).number(3, 0x1000))));
    expect(rowsOf(outcome)[0]!.samples).toEqual({ main: 3n, "0x1000;main": 4n });
  });
});

describe("symbols", () => {
  it("hold what stored samples use, and no more", () => {
    const body = buildPprof({
      ...cpu,
      samples: [
        { stack: [{ name: "leaf", file: "leaf.go" }, "main"], values: [1, 1] },
        { stack: ["unused"], values: [0, 0] },
      ],
    });
    const { symbols } = prepared(body).services[0]!.profile;
    const text = Buffer.from(symbols.strings.bytes).toString();
    expect(text).toBe("mainleafleaf.go");
    expect(symbols.stacktraces.parent).toHaveLength(3);
  });

  it("lose addresses where a mapping has its functions, and equal locations become one", () => {
    const sketchOf = (hasFunctions: boolean): Uint8Array =>
      buildPprof({
        ...cpu,
        mapping: { filename: "/bin/app", buildId: "b1", hasFunctions },
        samples: [
          { stack: [{ name: "work", line: 7, address: 0x10 }, "main"], values: [1, 1] },
          { stack: [{ name: "work", line: 7, address: 0x20 }, "main"], values: [2, 2] },
        ],
      });
    const known = prepared(sketchOf(true)).services[0]!.profile;
    expect([...known.symbols.locations.addressLow]).toEqual([0, 0, 0]);
    expect([...known.symbols.mappings.startLow]).toEqual([0, 0]);
    expect([...known.samples.value.low]).toEqual([3, 3]);
    const unknown = prepared(sketchOf(false)).services[0]!.profile;
    expect([...unknown.symbols.locations.addressLow]).toEqual([0, 0, 0x10, 0x20]);
    expect([...unknown.symbols.mappings.startLow]).toEqual([0, 0x40_00_00]);
    expect([...unknown.samples.value.low]).toEqual([1, 2, 1, 2]);
  });
});

describe("stacks and strings that are too long", () => {
  it("stacks keep the frames nearest the root", () => {
    const outcome = prepared(
      buildPprof({ ...cpu, samples: [{ stack: ["a", "b", "c", "d"], values: [1, 1] }] }),
      {
        limits: { maxProfileStacktraceDepth: 3 },
      },
    );
    expect(rowsOf(outcome)[0]!.samples).toEqual({ "b;c;d": 1n });
    expect(outcome.counts.truncatedStacks).toBe(1);
  });

  it.each([
    { name: "keep their last bytes", text: "abcdefgh", want: "efgh" },
    { name: "are cut between characters", text: "aaä€z", want: "€z" },
    { name: "may be as long as the limit", text: "a€", want: "a€" },
  ])("strings $name", ({ text, want }) => {
    const body = buildPprof({
      sampleTypes: [["cpu", "ns"]],
      samples: [{ stack: [text], values: [1] }],
    });
    const outcome = prepared(body, { limits: { maxProfileSymbolValueLengthBytes: 4 } });
    expect(Object.keys(rowsOf(outcome)[0]!.samples)).toEqual([want]);
    expect(outcome.counts.truncatedStrings).toBe(want === text ? 0 : 1);
  });
});

describe("labels of samples", () => {
  const sample = (labels: Record<string, string>, value = 1): SampleSketch => ({
    stack: ["main"],
    values: [1, value],
    labels,
  });

  it("become labels of series; those of the series win", () => {
    const rows = rowsOfSamples([
      sample({ job: "a" }),
      sample({ job: "b", service_name: "x" }, 2),
      sample({}, 4),
    ]);
    expect(cpuRows(rows)).toEqual({
      "__name__=process_cpu job=a service_name=shop": { main: 1n },
      "__name__=process_cpu job=b service_name=shop": { main: 2n },
      "__name__=process_cpu service_name=shop": { main: 4n },
    });
  });

  it("are equal whatever their order", () => {
    const rows = rowsOfSamples([sample({ a: "1", b: "2" }), sample({ b: "2", a: "1" }, 2)]);
    expect(cpuRows(rows)).toEqual({ "__name__=process_cpu a=1 b=2 service_name=shop": { main: 3n } });
  });

  it("that are numbers are left out and counted", () => {
    const outcome = prepared(
      buildPprof({ ...cpu, samples: [{ stack: ["a"], values: [1, 1], numberLabels: { bytes: 64 } }] }),
    );
    expect(rowsOf(outcome)[0]!.labels).toBe("__name__=process_cpu service_name=shop");
    expect(outcome.counts.numericLabels).toBe(1);
  });

  const span = "00f067aa0ba902b7";
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";

  it("that name spans and traces stay with the samples", () => {
    const rows = rowsOfSamples([
      sample({ span_id: span, job: "a" }),
      sample({ span_id: span.toUpperCase(), trace_id: trace, job: "a" }, 2),
      sample({ profile_id: span, job: "a" }, 4),
      sample({ job: "a" }, 8),
    ]);
    expect(cpuRows(rows)).toEqual({
      "__name__=process_cpu job=a service_name=shop": {
        [`main ${span}`]: 5n,
        [`main ${span} ${trace}`]: 2n,
        main: 8n,
      },
    });
  });

  it.each([
    { name: "too short", labels: { span_id: "abc" } },
    { name: "no hex", labels: { span_id: "zz00000000000000" } },
    { name: "of a span, for a trace", labels: { trace_id: span } },
    { name: "too long", labels: { profile_id: `${span}00` } },
  ])("that should name a span but are $name are dropped and counted", ({ labels }) => {
    const outcome = prepared(buildPprof({ ...cpu, samples: [sample(labels)] }));
    expect(cpuRows(rowsOf(outcome))).toEqual({ "__name__=process_cpu service_name=shop": { main: 1n } });
    expect(outcome.counts.badSpanIds).toBe(1);
  });
});

describe("the tenant's rules", () => {
  const samples: SampleSketch[] = ["a", "b", "c"].map((job, i) => ({
    stack: ["main"],
    values: [1, 2 ** i],
    labels: { job },
  }));
  const body = buildPprof({ ...cpu, samples });

  it("see each label set and may drop it", () => {
    const outcome = prepared(
      body,
      {},
      { series: (labels) => (labelValue(labels, "job") === "b" ? undefined : labels) },
    );
    expect(Object.keys(cpuRows(rowsOf(outcome)))).toEqual([
      "__name__=process_cpu job=a service_name=shop",
      "__name__=process_cpu job=c service_name=shop",
    ]);
    expect(outcome.counts.relabelDroppedSamples).toBe(1);
  });

  it("may make label sets equal, whose samples are summed then", () => {
    const outcome = prepared(body, {}, { series: (labels) => withLabels(labels, { job: "" }) });
    expect(cpuRows(rowsOf(outcome))).toEqual({ "__name__=process_cpu service_name=shop": { main: 7n } });
  });

  it("may drop everything, which is no error", () => {
    const outcome = prepared(body, {}, { series: () => undefined });
    expect(outcome).toMatchObject({ services: [], counts: { relabelDroppedSamples: 3 } });
  });

  it("may send label sets to several services, each with its own symbols", () => {
    const several = buildPprof({
      ...cpu,
      samples: ["a", "b", "a"].map((job, i) => ({
        stack: [`leaf-${i}`, "main"],
        values: [1, 1],
        labels: { job },
      })),
    });
    const outcome = prepared(
      several,
      {},
      { series: (labels) => withLabels(labels, { service_name: labelValue(labels, "job") }) },
    );
    expect(outcome.services.map(({ serviceName, profile }) => [serviceName, profile.rows.count])).toEqual([
      ["a", 2],
      ["b", 2],
    ]);
    expect(cpuRows(rowsOf(outcome))).toEqual({
      "__name__=process_cpu job=a service_name=a": { "leaf-0;main": 1n, "leaf-2;main": 1n },
      "__name__=process_cpu job=b service_name=b": { "leaf-1;main": 1n },
    });
    expect(Buffer.from(outcome.services[1]!.profile.symbols.strings.bytes).toString()).not.toContain(
      "leaf-0",
    );
  });

  it("may mend labels that would be refused", () => {
    const relabel = {
      series: (labels: Parameters<typeof withLabels>[0]) => withLabels(labels, { __name__: "mended" }),
    };
    expect(rowsOf(prepared(body, { labels: { service_name: "s" } }, relabel))[0]!.labels).toContain(
      "__name__=mended",
    );
  });

  it("on sample types drop their columns, and samples that are zero without them", () => {
    const outcome = prepared(
      buildPprof({
        ...cpu,
        samples: [
          { stack: ["a"], values: [-1, 5] },
          { stack: ["b"], values: [3, 0] },
        ],
      }),
      {},
      { sampleType: (labels) => (labelValue(labels, "__type__") === "samples" ? undefined : labels) },
    );
    expect(rowsOf(outcome)).toEqual([
      {
        labels: "__name__=process_cpu service_name=shop",
        profileType: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        samples: { a: 5n },
      },
    ]);
    expect(outcome.counts).toMatchObject({ droppedSampleTypes: 1, zeroSamples: 1, negativeSamples: 0 });
  });
});

describe("sessions", () => {
  const labels = { __name__: "process_cpu", service_name: "shop", __session_id__: "0500000000000080" };

  it.each([
    { name: "are removed without a limit of their number", maxSessionsPerSeries: 0, want: "" },
    { name: "are reduced to a few, unsigned", maxSessionsPerSeries: 4, want: "0100000000000000" },
  ])("$name", ({ maxSessionsPerSeries, want }) => {
    const rows = rowsOfSamples([{ stack: ["a"], values: [1, 1] }], {
      labels,
      limits: { maxSessionsPerSeries },
    });
    expect(rows[0]!.labels).toBe(
      `__name__=process_cpu ${want && `__session_id__=${want} `}service_name=shop`,
    );
  });
});

describe("identity of a profile", () => {
  const body = buildPprof({
    ...cpu,
    timeNanos: 1_795_405_220_000_000_000n,
    samples: [{ stack: ["a"], values: [1, 1] }],
  });
  const idOf = (changes: InputChanges = {}): string =>
    Buffer.from(prepared(body, changes).services[0]!.profile.rows.profileId).toString("hex");

  it("is that of its content: a retry has the same, later though it comes", () => {
    expect(idOf({ nowNanos: 1_795_405_221_000_000_000n })).toBe(idOf());
  });

  it("is one for all its rows", () => {
    expect(idOf().slice(0, 32)).toBe(idOf().slice(32));
  });

  it.each<{ name: string; changes: InputChanges }>([
    { name: "tenant", changes: { tenant: "other" } },
    { name: "label", changes: { labels: { __name__: "process_cpu", service_name: "shop", pod: "b" } } },
  ])("differs with another $name", ({ changes }) => {
    expect(idOf(changes)).not.toBe(idOf());
  });
});
