/** Usage groups: what is counted, sampled and refused by them, for pushes, `/ingest` and exports. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Code } from "@hearth/errors";
import { exactToBigInt } from "@hearth/exact-integers";
import { labelValue } from "@hearth/labels";
import type { IngestionLimit, TenantLimits } from "@hearth/tenant-limits";
import { buildPprof } from "@hearth/testing";

import { requestError } from "../src/push/push-outcome.ts";
import type { PushedItem } from "../src/push/pushed-item.ts";
import { prepareProfiles } from "../src/worker/prepare-profiles.ts";
import { prepareLimitsOf, relabelConfigOf } from "../src/limits/tenant-rules.ts";
import {
  cpuSketch,
  defaultTenantLimits,
  NOW_MS,
  NOW_NANOS,
  pushedCpu,
  signal,
  testBench,
  type TestBench,
} from "./support/fakes.ts";

const groups = { web: '{service_name="api"}', "s/${labels.service_name}": "{}" };
const sampling = (probability: number): Partial<TenantLimits> => ({
  usageGroups: groups,
  samplingRules: { usage_groups: { web: { probability } } },
});

/** Pushes and fails as the RPC would. */
async function push(bench: TestBench, items: readonly PushedItem[]): Promise<void> {
  const error = requestError(await bench.distributor.push("acme", items, signal), (index) => `${index}`);
  if (error) throw error;
}

const received = (group: string): string =>
  `usage_group_received_decompressed_total{type="process_cpu",tenant="acme",usage_group="${group}"}`;
const discarded = (reason: string, group: string): string =>
  `usage_group_discarded_bytes_total{reason="${reason}",tenant="acme",usage_group="${group}"}`;

describe("usage groups", () => {
  const { body } = pushedCpu("api");

  it("count the bytes that came, in each group that matches", async () => {
    const bench = testBench({ limits: { usageGroups: groups } });
    await push(bench, [pushedCpu("api"), pushedCpu("db")]);
    expect(await bench.metric(received("web"))).toBe(body.length);
    expect(await bench.metric(received("s/api"))).toBe(body.length);
    expect(await bench.metric(received("s/db"))).toBe(pushedCpu("db").body.length);
  });

  it.each([
    { name: "none matches", limits: { usageGroups: { db: '{service_name="db"}' } } },
    { name: "the tenant has none", limits: {} },
  ])("count as other when $name", async ({ limits }) => {
    const bench = testBench({ limits });
    await push(bench, [pushedCpu("api")]);
    expect(await bench.metric(received("other"))).toBe(body.length);
  });

  it("see the name that /ingest guesses from the profile", async () => {
    const bench = testBench({ limits: { usageGroups: { cpu: '{__name__="process_cpu"}' } } });
    const { labels, ...item } = pushedCpu("api");
    const nameless = labels.filter(({ name }) => name !== "__name__");
    await push(bench, [{ ...item, labels: nameless, ingest: { spyName: "gospy", fromNanos: NOW_NANOS } }]);
    expect(await bench.metric(received("cpu"))).toBe(body.length);
  });

  it("count what is refused for other reasons", async () => {
    const bench = testBench({ limits: { usageGroups: groups } });
    const old = { ...pushedCpu("api"), body: buildPprof({ ...cpuSketch, timeNanos: 1n }) };
    await expect(push(bench, [old])).rejects.toMatchObject({ code: Code.InvalidArgument });
    expect(await bench.metric(discarded("not_in_ingestion_window", "web"))).toBe(old.body.length);
  });

  it("with labels in their names are bounded", async () => {
    const bench = testBench({ limits: { usageGroups: { "s/${labels.service_name}": "{}" } } });
    await push(
      bench,
      Array.from({ length: 101 }, (_, index) => pushedCpu(`svc-${index}`)),
    );
    expect(await bench.metric(received("s/svc-99"))).toBeGreaterThan(0);
    expect(await bench.metric(received("s/svc-100"))).toBeUndefined();
    expect(await bench.metric(received("other"))).toBeGreaterThan(0);
  });
});

describe("sampling", () => {
  it("drops profiles of a group, which is no failure, and counts them", async () => {
    const bench = testBench({ limits: sampling(0) });
    await push(bench, [pushedCpu("api"), pushedCpu("db")]);
    expect(bench.writer.services).toEqual(["db"]);
    const { length } = pushedCpu("api").body;
    expect(await bench.metric(discarded("dropped_by_sampling_rules", "web"))).toBe(length);
    const total = 'discarded_samples_total{reason="dropped_by_sampling_rules",tenant="acme"}';
    expect(await bench.metric(total)).toBe(1);
  });

  it("still tells clients when what they sent is no profile", async () => {
    const broken = { ...pushedCpu("api"), body: Buffer.from("no profile") };
    await expect(push(testBench({ limits: sampling(0) }), [broken])).rejects.toMatchObject({
      code: Code.InvalidArgument,
    });
  });

  it("keeps about the share that it should, the same for the same seed", () => {
    const limits = { ...defaultTenantLimits, ...sampling(0.25) };
    const input = {
      ...pushedCpu("api"),
      tenant: "acme",
      nowNanos: NOW_NANOS,
      limits: prepareLimitsOf(limits),
    };
    const keptOf = (seed: number): boolean[] => {
      const rules = {
        groups,
        probabilities: { web: 0.25 },
        throttled: [],
        exhausted: [],
        keepStripped: false,
      };
      const inputs = Array.from({ length: 400 }, () => input);
      return prepareProfiles({ inputs, relabel: relabelConfigOf(limits), usage: { rules, seed } }).map(
        (outcome) => outcome.type === "prepared" && outcome.services.length > 0,
      );
    };
    const kept = keptOf(1);
    expect(kept).toEqual(keptOf(1));
    expect(kept).not.toEqual(keptOf(2));
    const share = kept.filter((isKept) => isKept).length / kept.length;
    expect(share).toBeGreaterThan(0.18);
    expect(share).toBeLessThan(0.32);
  });

  it("draws anew for each request", async () => {
    const bench = testBench({ limits: sampling(0.5) });
    for (let i = 0; i < 40; i++) await push(bench, [pushedCpu("api")]);
    expect(bench.writer.requests.length).toBeGreaterThan(8);
    expect(bench.writer.requests.length).toBeLessThan(32);
  });
});

describe("what is left of a profile that is stripped", () => {
  const strip = async (sketch: Partial<typeof cpuSketch>): Promise<TestBench> => {
    const bench = testBench({ limits: { ...sampling(0), keepStrippedProfiles: true } });
    await push(bench, [pushedCpu("api", sketch)]);
    return bench;
  };

  it("is its total, without stack and labels of samples, marked as such", async () => {
    const bench = await strip({
      samples: [
        { stack: ["work", "main"], values: [5], labels: { thread: "a" } },
        { stack: ["main"], values: [7] },
      ],
    });
    const [columns] = bench.writer.columns;
    expect(columns?.rows.count).toBe(1);
    expect(exactToBigInt(columns!.rows.total, 0)).toBe(12n);
    expect([...columns!.samples.stacktrace]).toEqual([0]);
    expect(columns?.symbols.functions.name).toHaveLength(1);
    const labels = columns!.series[0]!.labels;
    expect(labelValue(labels, "__sampled__")).toBe("true");
    expect(labelValue(labels, "thread")).toBe("");
  });

  it("counts as discarded, as what is dropped does", async () => {
    const bench = await strip({});
    expect(await bench.metric(discarded("dropped_by_sampling_rules", "web"))).toBe(
      pushedCpu("api").body.length,
    );
  });

  it("is the exact sum of each sample type, but for samples with a negative value", async () => {
    const value = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 55n }), fc.bigInt({ min: -5n, max: 5n }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 20 }), async (values) => {
        const sketch = {
          sampleTypes: [
            ["samples", "count"],
            ["cpu", "nanoseconds"],
          ] as const,
          samples: values.map((pair, index) => ({ stack: [`f${index % 3}`], values: pair })),
        };
        const bench = await strip(sketch);
        const counted = values.filter(([a, b]) => a >= 0n && b >= 0n);
        const totals = [0, 1].map((type) => counted.reduce((sum, pair) => sum + pair[type]!, 0n));
        const stored = bench.writer.columns.flatMap(({ rows }) =>
          Array.from({ length: rows.count }, (_, row) => exactToBigInt(rows.total, row)),
        );
        expect(stored).toEqual(totals.filter((total) => total > 0n));
      }),
      { numRuns: 40 },
    );
  });
});

describe("a usage group over its quota", () => {
  const quota: IngestionLimit = {
    period_type: "hour",
    period_limit_mb: 2048,
    limit_reset_time: NOW_MS / 1000 + 90,
    limit_reached: false,
    sampling: { num_requests: 0, period: "1m" },
    usage_groups: { web: { period_limit_mb: 1024, limit_reached: true } },
  };
  const limitsOf = (limit: Partial<IngestionLimit>): Partial<TenantLimits> => ({
    usageGroups: groups,
    ingestionLimit: { ...quota, ...limit },
  });

  it("is refused, and others of the request are stored", async () => {
    const bench = testBench({ limits: limitsOf({}) });
    await expect(push(bench, [pushedCpu("api"), pushedCpu("db")])).rejects.toMatchObject({
      code: Code.ResourceExhausted,
      message:
        "1 of 2 profiles failed, the others are stored; first 0: " +
        "limit of 1.0 GiB/hour of usage group web reached, next reset at 2026-03-02T10:01:30Z",
      retryAfterMs: 90_000,
    });
    expect(bench.writer.services).toEqual(["db"]);
    const { length } = pushedCpu("api").body;
    expect(await bench.metric(discarded("ingest_limit_reached", "web"))).toBe(length);
  });

  it.each(["s/api", "s/${labels.service_name}"])("may be named %s", async (name) => {
    const usage_groups = { [name]: { period_limit_mb: 1, limit_reached: true } };
    const bench = testBench({ limits: limitsOf({ usage_groups }) });
    await expect(push(bench, [pushedCpu("api")])).rejects.toThrow(`of usage group ${name} reached`);
  });

  it("lets a sample of the requests pass in each period, however many of its profiles each holds", async () => {
    const limits = limitsOf({ sampling: { num_requests: 2, period: "1m" } });
    const bench = testBench({ limits });
    const both = [pushedCpu("api"), pushedCpu("api")];
    await push(bench, both);
    await push(bench, [pushedCpu("db")]);
    await push(bench, both);
    await expect(push(bench, both)).rejects.toMatchObject({ code: Code.ResourceExhausted });
    bench.clock.advance(60_000);
    await push(bench, both);
    expect(bench.writer.services).toEqual(["api", "api", "db", "api", "api", "api", "api"]);
  });

  it("lets no more pass when requests come at once", async () => {
    const bench = testBench({ limits: limitsOf({ sampling: { num_requests: 2, period: "1m" } }) });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => push(bench, [pushedCpu("api")])),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    expect(bench.writer.services).toEqual(["api", "api"]);
  });
});
