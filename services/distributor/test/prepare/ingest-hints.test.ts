import { buildPprof, ProtoWriter, type PprofSketch } from "@hearth/testing";
import { describe, expect, it } from "@jest/globals";

import { profileName } from "../../src/prepare/ingest-hints.ts";
import type { IngestHints } from "../../src/prepare/index.ts";
import { nowNanos, prepared, rowsOf } from "./prepared-view.ts";

const fromNanos = nowNanos - 60_000_000_000n;
const hints = (spyName: string, config?: Record<string, string>): IngestHints => ({
  spyName,
  fromNanos,
  ...(config && {
    sampleTypeConfig: new Map(Object.entries(config).map(([type, displayName]) => [type, { displayName }])),
  }),
});

describe("name of a profile", () => {
  it.each([
    { types: ["samples", "cpu"], want: "process_cpu" },
    { types: ["samples"], want: "process_cpu" },
    { types: ["samples", "wall", "cpu"], want: "wall" },
    { types: ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"], want: "memory" },
    { types: ["objects", "space"], want: "memory" },
    { types: ["contentions", "delay"], want: "mutex" },
    { types: ["goroutine"], want: "goroutines" },
    { types: ["events", "bytes_read"], want: "bytes_read" },
    { types: [], want: "" },
  ])("of $types is $want", ({ types, want }) => {
    expect(profileName(types, {})).toBe(want);
  });

  it.each([
    {
      config: { contentions: "block_count", delay: "block_duration" },
      types: ["contentions", "delay"],
      want: "block",
    },
    { config: { contentions: "mutex_count" }, types: ["contentions"], want: "mutex" },
    { config: {}, types: ["samples"], want: "samples" },
  ])("follows a posted config, which replaces the built-in names: $config", ({ config, types, want }) => {
    const { sampleTypeConfig } = hints("gospy", config);
    expect(profileName(types, { sampleTypeConfig: sampleTypeConfig! })).toBe(want);
  });
});

const sketch: PprofSketch = {
  sampleTypes: [["samples", "count"]],
  samples: [
    {
      stack: [
        { name: "work", file: "lib/a.py" },
        { name: "main", file: "/app/main.py" },
      ],
      values: [1],
    },
  ],
};

describe("a profile sent to /ingest", () => {
  const labels = { service_name: "shop" };

  it("gets a name from its sample types, unless a tag names it", () => {
    const body = buildPprof(sketch);
    const [guessed, named] = [labels, { ...labels, __name__: "mine" }].map((set) =>
      rowsOf(prepared(body, { labels: set, ingest: hints("unknown") })),
    );
    expect(guessed![0]!.profileType).toBe("process_cpu:samples:count::");
    expect(named![0]!.profileType).toBe("mine:samples:count::");
  });

  it.each([
    { name: "none", timeNanos: 0n, want: fromNanos },
    { name: "one in 1970", timeNanos: 86_400_000_000_000n, want: fromNanos },
    { name: "its own", timeNanos: nowNanos, want: nowNanos },
  ])("that has $name as its time", ({ timeNanos, want }) => {
    const outcome = prepared(buildPprof({ ...sketch, timeNanos }), { labels, ingest: hints("gospy") });
    expect(BigInt(outcome.services[0]!.profile.rows.timeMs[0]!)).toBe(want / 1_000_000n);
  });

  it.each([
    { spyName: "rbspy", want: "lib/a.py work;/app/main.py main" },
    { spyName: "scripting", want: "lib/a.py work;/app/main.py main" },
    { spyName: "pyspy", want: "lib/a.py work;main" },
    { spyName: "gospy", want: "work;main" },
  ])("by $spyName has the frames $want", ({ spyName, want }) => {
    const rows = rowsOf(prepared(buildPprof(sketch), { labels, ingest: hints(spyName) }));
    expect(Object.keys(rows[0]!.samples)).toEqual([want]);
  });

  it.each([
    { name: "by its spy", ingest: hints("dotnetspy") },
    { name: "by its config", ingest: hints("unknown", { "inuse-space": "inuse_space" }) },
  ])("by .NET, known $name, has underscores in its types and finds its functions", ({ ingest }) => {
    const out = new ProtoWriter();
    for (const text of ["", "inuse-space", "bytes", "leaf", "main"]) out.string(6, text);
    out.message(1, (type) => type.number(1, 1).number(2, 2));
    out.message(2, (sample) => sample.packed(1, [7, 9]).packed(2, [5]));
    for (const id of [7, 9])
      out.message(4, (location) => location.number(1, id).message(4, (l) => l.number(1, id)));
    for (const name of [3, 4]) out.message(5, (fn) => fn.number(2, name));
    expect(rowsOf(prepared(out.finish(), { labels, ingest }))).toEqual([
      {
        labels: "__name__=memory service_name=shop",
        profileType: "memory:inuse_space:bytes::",
        samples: { "leaf;main": 5n },
      },
    ]);
  });
});

describe("language", () => {
  it.each([
    { spy: "gospy", file: "a.py", want: "go" },
    { spy: "grafana-agent.java", file: "", want: "java" },
    { spy: "", file: "/usr/local/go/src/x", want: "go" },
    { spy: "", file: "net/http/server.go", want: "go" },
    { spy: "", file: "java/util/List", want: "java" },
    { spy: "", file: "app/models/user.rb", want: "ruby" },
    { spy: "", file: "./node_modules/x", want: "nodejs" },
    { spy: "", file: "Microsoft.Extensions", want: "dotnet" },
    { spy: "", file: "main.py", want: "python" },
    { spy: "", file: "src/main.rs", want: "rust" },
    { spy: "other", file: "main.c", want: "unknown" },
  ])("of '$spy' and '$file' is $want", ({ spy, file, want }) => {
    const body = buildPprof({
      sampleTypes: [["cpu", "ns"]],
      samples: [{ stack: [{ name: "f", file }], values: [1] }],
    });
    const labels = { __name__: "process_cpu", service_name: "s", pyroscope_spy: spy };
    expect(prepared(body, { labels }).counts.language).toBe(want);
  });
});
