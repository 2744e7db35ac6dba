import { describe, expect, it } from "@jest/globals";
import type { SectionKind } from "@hearth/block";
import type { LabelMatcher } from "@hearth/series-index";
import type { RowSketch } from "@hearth/testing";
import { ask, PPROF, segment, TREE } from "../../test/support/ask-blocks.ts";
import type { LeafQuery, LeafRequest } from "./leaf-request.ts";
import { SectionCache } from "./section-cache.ts";

const row = (service_name: string, id: number): RowSketch => ({
  labels: { service_name, __profile_type__: "cpu", pod: id % 2 === 0 ? "a" : "b" },
  timeMs: 1_700_000_000_000 + id,
  id,
  samples: [
    ["main", 1n],
    ["main;work", 5n],
  ],
});
const block = segment([row("shop", 1), row("shop", 2), row("till", 3)], 1);
const shop = { ...block.meta, datasets: block.meta.datasets.filter(({ service }) => service === "shop") };
const one = { ...block, meta: shop };

const SERIES: LeafQuery = {
  type: "timeSeries",
  originMs: 0,
  stepMs: 60_000,
  groupBy: [],
  callSite: [],
  exemplars: false,
};

/** From the beginning of the first to the end of the last section of the one dataset. */
function bytesOf(first: SectionKind, last: SectionKind): number {
  const sectionOf = (kind: SectionKind) => shop.datasets[0]!.sections.find((one) => one.kind === kind)!;
  return sectionOf(last).offset + sectionOf(last).sizeBytes - sectionOf(first).offset;
}

function sizeOf(...kinds: SectionKind[]): number {
  return kinds.reduce((sum, kind) => sum + bytesOf(kind, kind), 0);
}

const labelIs = (name: string, wanted: string): LabelMatcher => ({
  name,
  matches: (value) => value === wanted,
});

describe("sections", () => {
  it.each<{ name: string; request: Partial<LeafRequest>; requests: number; bytes: number }>([
    { name: "for a flame graph", request: {}, requests: 1, bytes: bytesOf("series", "samples") },
    {
      name: "for a flame graph of a service and a type",
      request: { matchers: [labelIs("service_name", "shop"), labelIs("__profile_type__", "cpu")] },
      requests: 1,
      bytes: bytesOf("series", "samples"),
    },
    {
      name: "for some pods: first the series, which may not match",
      request: { matchers: [labelIs("pod", "a")] },
      requests: 2,
      bytes: sizeOf("series") + bytesOf("profiles", "samples"),
    },
    {
      name: "for pods that are not there",
      request: { matchers: [labelIs("pod", "c")] },
      requests: 1,
      bytes: sizeOf("series"),
    },
    {
      name: "for a profile",
      request: { queries: [PPROF] },
      requests: 1,
      bytes: bytesOf("series", "symbols"),
    },
    {
      name: "for a time series",
      request: { queries: [SERIES] },
      requests: 1,
      bytes: bytesOf("series", "profiles"),
    },
    {
      name: "for labels",
      request: { queries: [{ type: "labelNames" }] },
      requests: 1,
      bytes: sizeOf("series"),
    },
  ])("come together $name", async ({ request, requests, bytes }) => {
    const { requestCount, usage } = await ask([one], request);
    expect({ requestCount, bytes: usage.fetchedBytes }).toEqual({ requestCount: requests, bytes });
  });

  it.each<{ name: string; request: Partial<LeafRequest>; requests: number }>([
    { name: "for a flame graph", request: {}, requests: 1 },
    { name: "for labels", request: { queries: [{ type: "labelNames" }] }, requests: 1 },
    // The rest of the first lies between the series of both.
    { name: "for pods that the first has", request: { matchers: [labelIs("pod", "a")] }, requests: 1 },
  ])("come together with those of other datasets $name", async ({ request, requests }) => {
    expect((await ask([block], request)).requestCount).toBe(requests);
  });

  it("that are in the cache are not read again", async () => {
    const cache = new SectionCache(1 << 20);
    await ask([one], { queries: [SERIES] }, { cache });
    const { requestCount, usage } = await ask([one], { queries: [TREE] }, { cache });
    expect({ requestCount, bytes: usage.fetchedBytes }).toEqual({
      requestCount: 1,
      bytes: bytesOf("names", "samples"),
    });
  });
});
