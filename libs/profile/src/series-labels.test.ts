import { fingerprint } from "@hearth/labels";
import { profileIdOf, seriesOf, xxHash64, type SeriesType } from "@hearth/profile";
import { describe, expect, it } from "@jest/globals";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const labelsOf = (set: Readonly<Record<string, string>>) =>
  Object.entries(set).map(([name, value]) => ({ name, value }));
const cpu: SeriesType = {
  sampleType: { type: "cpu", unit: "nanoseconds" },
  periodType: { type: "cpu", unit: "nanoseconds" },
};
const rules = { renameWallCpu: true };

describe("xxHash64", () => {
  it.each([
    { text: "", want: 0xef46db3751d8e999n },
    { text: "anonymous", want: 0xab5bc715eb8a01d4n },
    { text: "tenant-a", want: 0x24cbcbec76c2694an },
    { text: "checkout", want: 0x3565d2b26259a99dn },
  ])("of '$text'", ({ text, want }) => {
    expect(xxHash64(bytes(text))).toBe(want);
  });
});

describe("seriesOf", () => {
  it("adds the labels of the type and sorts: profile type, service name, then by the bytes of the name", () => {
    const { labels } = seriesOf(
      labelsOf({
        service_name: "shop",
        "\u{1f525}": "1",
        "\uffee": "2",
        Zone: "b",
        a: "c",
        __name__: "process_cpu",
      }),
      cpu,
      rules,
    );
    expect(labels.map(({ name, value }) => `${name}=${value}`)).toEqual([
      "__profile_type__=process_cpu:cpu:nanoseconds:cpu:nanoseconds",
      "__service_name__=shop",
      "Zone=b",
      "__name__=process_cpu",
      "__period_type__=cpu",
      "__period_unit__=nanoseconds",
      "__type__=cpu",
      "__unit__=nanoseconds",
      "a=c",
      "service_name=shop",
      "\uffee=2",
      "\u{1f525}=1",
    ]);
  });

  it.each([
    {
      name: "replaces what the client says about the type",
      labels: {
        __name__: "memory",
        __type__: "x",
        __profile_type__: "y",
        __service_name__: "z",
        service_name: "s",
      },
      type: {
        sampleType: { type: "alloc_space", unit: "bytes" },
        periodType: { type: "space", unit: "bytes" },
      },
      want: {
        __profile_type__: "memory:alloc_space:bytes:space:bytes",
        __service_name__: "s",
        __name__: "memory",
        __period_type__: "space",
        __period_unit__: "bytes",
        __type__: "alloc_space",
        __unit__: "bytes",
        service_name: "s",
      },
    },
    {
      name: "drops __delta__, and has no period where there is none",
      labels: { __name__: "net", __delta__: "false", service_name: "s" },
      type: { sampleType: { type: "events", unit: "count" }, periodType: undefined },
      want: {
        __profile_type__: "net:events:count::",
        __service_name__: "s",
        __name__: "net",
        __type__: "events",
        __unit__: "count",
        service_name: "s",
      },
    },
    {
      name: "calls CPU time in a wall profile process_cpu",
      labels: { __name__: "wall", service_name: "s" },
      type: { sampleType: { type: "cpu", unit: "ns" }, periodType: { type: "wall", unit: "ns" } },
      want: {
        __profile_type__: "process_cpu:cpu:ns:wall:ns",
        __service_name__: "s",
        __name__: "process_cpu",
        __name_replaced__: "wall",
        __period_type__: "wall",
        __period_unit__: "ns",
        __type__: "cpu",
        __unit__: "ns",
        service_name: "s",
      },
    },
  ])("$name", ({ labels, type, want }) => {
    const series = seriesOf(labelsOf(labels), type, rules);
    expect(series.labels).toEqual(labelsOf(want));
    expect(series.fingerprint).toBe(fingerprint(labelsOf(want)));
  });

  it("leaves wall profiles alone where the default rules are off", () => {
    const { labels } = seriesOf(labelsOf({ __name__: "wall" }), cpu, { renameWallCpu: false });
    expect(labels[0]!.value).toBe("wall:cpu:nanoseconds:cpu:nanoseconds");
  });
});

describe("profileIdOf", () => {
  const content = { tenant: "acme", labels: labelsOf({ a: "b" }), timeNanos: 5n, payload: bytes("profile") };
  const idOf = (change: Partial<typeof content>): string =>
    Buffer.from(profileIdOf({ ...content, ...change })).toString("hex");

  it("is the same for the same content, in the form of a UUID of version 8", () => {
    expect(idOf({})).toBe(idOf({}));
    expect(idOf({})).toMatch(/^[0-9a-f]{12}8[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  });

  it.each([
    { name: "tenant", change: { tenant: "other" } },
    { name: "labels", change: { labels: labelsOf({ a: "c" }) } },
    { name: "time", change: { timeNanos: 6n } },
    { name: "payload", change: { payload: bytes("profilf") } },
  ])("differs when the $name does", ({ change }) => {
    expect(idOf(change)).not.toBe(idOf({}));
  });
});
