import { describe, expect, it } from "@jest/globals";
import { BoundedLabel } from "./bounded-label.ts";
import { buckets, exponentialBuckets } from "./buckets.ts";
import { buildInfoAnswer, registerBuildInfo } from "./build-info.ts";
import { counter, gauge, histogram, MetricRegistry, unprefixed } from "./metrics.ts";

async function samples(registry: MetricRegistry): Promise<string[]> {
  const { body } = await registry.expose();
  return body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

describe("MetricRegistry", () => {
  it("exports counters, gauges and histograms under the prefix", async () => {
    const registry = new MetricRegistry();
    const metrics = registry.define({
      received: counter("received_total", "Received.", ["tenant"]),
      restarts: counter("restarts_total", "Restarts."),
      queued: gauge("queued", "Queued.", ["level", "status"]),
      flush: histogram("flush_seconds", "Flush.", [1, 2], ["shard"]),
      operations: unprefixed(counter("objstore_operations_total", "Operations.", ["operation"])),
    });
    metrics.received.inc({ tenant: "acme" });
    metrics.received.inc({ tenant: "acme" }, 2);
    metrics.restarts.inc();
    metrics.queued.set({ level: "0", status: "assigned" }, 7);
    metrics.flush.observe({ shard: "1" }, 1.5);
    metrics.operations.inc({ operation: "put" });
    expect(await samples(registry)).toEqual([
      'pyroscope_received_total{tenant="acme"} 3',
      "pyroscope_restarts_total 1",
      'pyroscope_queued{level="0",status="assigned"} 7',
      'pyroscope_flush_seconds_bucket{le="1",shard="1"} 0',
      'pyroscope_flush_seconds_bucket{le="2",shard="1"} 1',
      'pyroscope_flush_seconds_bucket{le="+Inf",shard="1"} 1',
      'pyroscope_flush_seconds_sum{shard="1"} 1.5',
      'pyroscope_flush_seconds_count{shard="1"} 1',
      'objstore_operations_total{operation="put"} 1',
    ]);
  });

  it("gives so many tenants series of their own, and counts the others together", async () => {
    const registry = new MetricRegistry({ maxTenants: 2 });
    const { received, seconds, active } = registry.define({
      received: counter("received_total", "Received.", ["tenant", "type"]),
      seconds: histogram("seconds", "Seconds.", [1], ["tenant"]),
      active: gauge("active", "Active.", ["tenant"]),
    });
    for (const tenant of ["a", "b", "c", "d", "a"]) received.inc({ tenant, type: "cpu" }, 2);
    seconds.observe({ tenant: "d" }, 2);
    active.set({ tenant: "b" }, 7);
    active.set({ tenant: "e" }, 3);
    active.remove({ tenant: "b" });
    expect(await samples(registry)).toEqual([
      'pyroscope_received_total{tenant="a",type="cpu"} 4',
      'pyroscope_received_total{tenant="b",type="cpu"} 2',
      'pyroscope_received_total{tenant="other",type="cpu"} 4',
      'pyroscope_seconds_bucket{le="1",tenant="other"} 0',
      'pyroscope_seconds_bucket{le="+Inf",tenant="other"} 1',
      'pyroscope_seconds_sum{tenant="other"} 2',
      'pyroscope_seconds_count{tenant="other"} 1',
      'pyroscope_active{tenant="other"} 3',
    ]);
  });

  it("does not define a name twice", () => {
    const registry = new MetricRegistry();
    registry.define({ a: counter("a_total", "A.") });
    expect(() => registry.define({ b: counter("a_total", "A.") })).toThrow(/already been registered/u);
  });

  it("asks for state at each scrape", async () => {
    const registry = new MetricRegistry();
    const { open } = registry.define({ open: gauge("open", "Open.") });
    let count = 0;
    registry.onScrape(() => open.set(++count));
    expect(await samples(registry)).toEqual(["pyroscope_open 1"]);
    expect(await samples(registry)).toEqual(["pyroscope_open 2"]);
  });
});

describe("buckets", () => {
  it.each(Object.entries(buckets))("%s rise", (_, bounds) => {
    expect([...bounds]).toEqual([...new Set(bounds)].sort((a, b) => a - b));
  });

  it("grow by one factor from the first to the last bound", () => {
    expect(exponentialBuckets({ min: 0.001, max: 10, count: 5 })).toEqual([0.001, 0.01, 0.1, 1, 10]);
  });
});

describe("BoundedLabel", () => {
  it("lets the first values pass and folds the others into one", () => {
    const label = new BoundedLabel(2);
    expect(["a", "b", "c", "a", "d"].map((value) => label.of(value))).toEqual([
      "a",
      "b",
      "other",
      "a",
      "other",
    ]);
  });
});

describe("build info", () => {
  const build = { version: "0.1.0", revision: "abc", branch: "main", buildUser: "", buildDate: "" };

  it("is a metric", async () => {
    const registry = new MetricRegistry();
    registerBuildInfo(registry, build);
    expect(await samples(registry)).toEqual([
      expect.stringMatching(/^pyroscope_build_info\{version="0\.1\.0",revision="abc",branch="main",.*\} 1$/u),
    ]);
  });

  it("is an answer", () => {
    expect(buildInfoAnswer(build)).toEqual({
      status: "success",
      data: { ...build, goVersion: expect.stringMatching(/^node\d+\.\d+\.\d+$/) },
    });
  });
});
