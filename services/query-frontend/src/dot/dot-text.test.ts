import { describe, expect, it } from "@jest/globals";
import { create } from "@bufbuild/protobuf";
import { type Profile, ProfileSchema } from "@hearth/proto/google/v1";

import { profileToDot } from "./dot-text.ts";
import { shortFunctionName } from "./short-name.ts";
import { percentText, valueText } from "./value-text.ts";

/** Lines of `leaf<inlined into;caller value`, frames as `name:line`; the file is the first part of the name. */
function profileOf(lines: readonly string[], unit = "nanoseconds"): Profile {
  const strings = ["", "cpu", unit, "/srv/app", "b0b1b2b3"];
  const text = (value: string): bigint => {
    if (!strings.includes(value)) strings.push(value);
    return BigInt(strings.indexOf(value));
  };
  const functions: string[] = [];
  const locations: string[] = [];
  const numberIn = (list: string[], entry: string): bigint => {
    if (!list.includes(entry)) list.push(entry);
    return BigInt(list.indexOf(entry) + 1);
  };
  const sample = lines.map((line) => {
    const [stack = "", value = "0"] = line.split(" ");
    return {
      locationId: stack.split(";").map((frame) => numberIn(locations, frame)),
      value: [BigInt(value)],
    };
  });
  const location = locations.map((frames, index) => ({
    id: BigInt(index + 1),
    mappingId: 1n,
    line: frames.split("<").map((frame) => {
      const [name = "", line = "0"] = frame.split(":");
      return { functionId: numberIn(functions, name), line: BigInt(line) };
    }),
  }));
  return create(ProfileSchema, {
    sampleType: [{ type: 1n, unit: 2n }],
    sample,
    location,
    mapping: [{ id: 1n, filename: 3n, buildId: 4n }],
    function: functions.map((name, index) => ({
      id: BigInt(index + 1),
      name: text(name),
      filename: text(name === "other" ? "" : `${name.split(".")[0]}.go`),
    })),
    stringTable: strings,
    timeNanos: BigInt(Date.UTC(2026, 10, 23, 3)) * 1_000_000n,
  });
}

const calls = [
  "app.run:32;main.main:35 110000000",
  "lib.hash:23;app.run:32;main.main:35 100000000",
  "lib.hash:23;app.step:26<app.loop:29;app.run:32;main.main:35 550000000",
  "lib.misc:47;app.run:32;main.main:35 20000000",
  "lib.less:38;lib.sort:41;app.step:26<app.loop:29;app.run:32;main.main:35 250000000",
  "lib.less:38;lib.sort:41;main.main:35 60000000",
  "lib.hash:23;app.run:32;init.boot:41 140000000",
  "lib.zip:38;app.run:32;main.main:35 330000000",
  "lib.hash:23;app.run:32;init.boot:44 140000000",
];

describe("profileToDot", () => {
  it("draws the most interesting nodes as pprof does", () => {
    expect(profileToDot(profileOf(calls), 3).split("\n")).toEqual([
      String.raw`digraph "app" {`,
      String.raw`node [style=filled fillcolor="#f8f8f8"]`,
      String.raw`subgraph cluster_L { "File: app" [shape=box fontsize=16 label="File: app\lBuild ID: b0b1b2b3\lType: cpu\lTime: Nov 23, 2026 at 3:00am (UTC)\lShowing nodes accounting for 1.04s, 61.18% of 1.70s total\lShowing top 3 nodes out of 11\l\lSee https://git.io/JfYMW for how to read the graph\l" tooltip="app"] }`,
      String.raw`N1 [label="lib\nhash\nlib.go:23\n0.93s (54.71%)" id="node1" fontsize=24 shape=box tooltip="lib.hash lib.go:23 (0.93s)" color="#b21d00" fillcolor="#edd9d5"]`,
      String.raw`N2 [label="main\nmain\nmain.go:35\n0 of 1.42s (83.53%)" id="node2" fontsize=8 shape=box tooltip="main.main main.go:35 (1.42s)" color="#b20900" fillcolor="#edd6d5"]`,
      String.raw`N3 [label="app\nrun\napp.go:32\n0.11s (6.47%)\nof 1.64s (96.47%)" id="node3" fontsize=14 shape=box tooltip="app.run app.go:32 (1.64s)" color="#b20100" fillcolor="#edd5d5"]`,
      String.raw`N2 -> N3 [label=" 1.36s" weight=81 penwidth=5 color="#b20b00" tooltip="main.main main.go:35 -> app.run app.go:32 (1.36s)" labeltooltip="main.main main.go:35 -> app.run app.go:32 (1.36s)"]`,
      String.raw`N3 -> N1 [label=" 0.93s" weight=55 penwidth=3 color="#b21d00" tooltip="app.run app.go:32 ... lib.hash lib.go:23 (0.93s)" labeltooltip="app.run app.go:32 ... lib.hash lib.go:23 (0.93s)" style="dotted"]`,
      String.raw`}`,
      "",
    ]);
  });

  it("marks calls that were inlined", () => {
    const dot = profileToDot(profileOf(calls), 100);
    expect(dot).toMatch(
      /label=" 0\.80s\\n \(inline\)".* tooltip="app\.loop app\.go:29 -> app\.step app\.go:26/u,
    );
    expect(dot).toContain("Showing nodes accounting for 1.70s, 100% of 1.70s total");
    expect(dot).not.toContain("Showing top");
  });

  it("counts recursion once", () => {
    const dot = profileToDot(profileOf(["a.f:1;a.f:1;main.main:2 5"], "count"), 100);
    expect(dot).toContain('tooltip="a.f a.go:1 (5)"');
    expect(dot.match(/->/gu)?.length).toBe(3);
  });

  it("leaves out an edge over missing nodes where there is another path", () => {
    const lines = ["c.c:1;b.b:1;a.a:1 50", "c.c:1;x.x:1;a.a:1 1", "b.b:1;a.a:1 5", "c.c:1 5"];
    const dot = profileToDot(profileOf(lines, "count"), 3);
    expect(dot).toContain("b.b b.go:1 -> c.c c.go:1");
    expect(dot).not.toContain("...");
  });

  it("names frames without symbols by address and binary", () => {
    const profile = create(ProfileSchema, {
      sample: [{ locationId: [1n], value: [1n] }],
      location: [{ id: 1n, mappingId: 1n, address: 0x1234n }],
      mapping: [{ id: 1n, filename: 1n }],
      stringTable: ["", "/srv/app"],
    });
    expect(profileToDot(profile, 100)).toContain('tooltip="0000000000001234 [app] (1)"');
  });

  it("is empty without samples", () => {
    expect(profileToDot(profileOf([]), 100)).toBe("");
  });
});

describe("shortFunctionName", () => {
  it.each([
    { name: "example.com/team/app/v2/store.(*Index).Get", want: "store.(*Index).Get" },
    { name: "main.main", want: "main.main" },
    { name: "com.example.shop.Cart.add(int)", want: "Cart.add" },
    { name: "shop::inventory::Cart::add", want: "Cart::add" },
    { name: "(anonymous namespace)::helper", want: "helper" },
    { name: "malloc", want: "malloc" },
  ])("$name", ({ name, want }) => {
    expect(shortFunctionName(name)).toBe(want);
  });
});

describe("valueText, percentText", () => {
  it.each([
    { value: 1_360_000_000, unit: "nanoseconds", want: "1.36s" },
    { value: 2_000, unit: "ms", want: "2s" },
    { value: 43_220_440, unit: "bytes", want: "43220440B" },
    { value: 3, unit: "kilobytes", want: "3072B" },
    { value: 170, unit: "count", want: "170" },
    { value: 1, unit: "nanoseconds", want: "0" },
  ])("$value $unit", ({ value, unit, want }) => {
    expect(valueText(value, unit)).toBe(want);
  });

  it.each([
    { value: 1, total: 1, want: "100%" },
    { value: 1, total: 3, want: "33.33%" },
    { value: 1, total: 170, want: "0.59%" },
    { value: 1, total: 1e7, want: "1e-05%" },
    { value: 0, total: 5, want: "0%" },
    { value: 0, total: 0, want: "0%" },
  ])("$value of $total", ({ value, total, want }) => {
    expect(percentText(value, total)).toBe(want);
  });
});
