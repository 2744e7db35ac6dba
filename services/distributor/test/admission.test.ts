/** Which requests are let in: by their size and by the rate of their tenant. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { Code } from "@hearth/errors";
import { buildPprof } from "@hearth/testing";

import { estimateDecompressedBytes } from "../src/push/estimate-size.ts";
import { RateLimiter } from "../src/limits/rate-limiter.ts";
import { cpuSketch, ManualClock, NOW_MS, pushedCpu, signal, testBench } from "./support/fakes.ts";

const MB = 2 ** 20;
const rate = { ingestionRateMb: 4, ingestionBurstSizeMb: 2, maxProfileSizeBytes: MB };

describe("the rate limit of a tenant", () => {
  it("lets a burst pass, then as much as the rate allows", () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter({ clock });
    limiter.take("acme", 2 * MB, rate);
    expect(() => limiter.take("acme", MB, rate)).toThrow("push rate limit");
    clock.advance(250);
    limiter.take("acme", MB, rate);
    expect(() => limiter.take("acme", 1, rate)).toThrow("push rate limit");
  });

  it("never holds more than the burst, however long nothing comes", () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter({ clock });
    limiter.take("acme", MB, rate);
    clock.advance(3_600_000);
    limiter.take("acme", 2 * MB, rate);
    expect(() => limiter.take("acme", 1, rate)).toThrow("push rate limit");
  });

  it("takes nothing from a refused request, nor from other tenants", () => {
    const limiter = new RateLimiter({ clock: new ManualClock() });
    expect(() => limiter.take("acme", 3 * MB, rate)).toThrow("push rate limit");
    limiter.check("acme", 2 * MB, rate);
    limiter.take("acme", 2 * MB, rate);
    limiter.take("other", 2 * MB, rate);
  });

  it("says which limit, its value, the tenant, how to raise it, and when to come again", () => {
    const limiter = new RateLimiter({ clock: new ManualClock() });
    limiter.take("acme", 2 * MB, rate);
    const attempt = (): void => limiter.take("acme", MB, rate);
    expect(attempt).toThrow(
      "push rate limit (ingestion_rate_mb: 4 MiB a second, ingestion_burst_size_mb: 2.0 MiB) of tenant acme exceeded " +
        "while adding 1.000 MiB; send less, or raise -distributor.ingestion-rate-limit-mb, for all tenants or in the " +
        "overrides of this one",
    );
    expect(attempt).toThrow(expect.objectContaining({ code: Code.ResourceExhausted, retryAfterMs: 250 }));
  });

  it("lets the largest profile pass even where the burst is smaller", () => {
    const limiter = new RateLimiter({ clock: new ManualClock() });
    limiter.take("acme", 4 * MB, { ...rate, maxProfileSizeBytes: 4 * MB });
  });

  it("of 0 is none", () => {
    const limiter = new RateLimiter({ clock: new ManualClock() });
    limiter.take("acme", 1e12, { ...rate, ingestionRateMb: 0 });
  });
});

describe("a request over the rate", () => {
  it("is refused before it is decompressed, and counted", async () => {
    const bench = testBench({
      limits: { ingestionRateMb: 1, ingestionBurstSizeMb: 1, maxProfileSizeBytes: MB },
    });
    const body = gzipSync(Buffer.alloc(900_000));
    const item = { ...pushedCpu("api"), body };
    await bench.distributor.push("acme", [{ ...item, body: gzipSync(Buffer.alloc(900_000, 1)) }], signal);
    await expect(bench.distributor.push("acme", [item], signal)).rejects.toMatchObject({
      code: Code.ResourceExhausted,
    });
    expect(await bench.metric('discarded_samples_total{reason="rate_limited",tenant="acme"}')).toBe(1);
    expect(await bench.metric('discarded_samples_total{reason="malformed_profile",tenant="acme"}')).toBe(1);
  });

  it("is charged what it turned out to be, though its trailer lied", async () => {
    const bench = testBench({
      limits: { ingestionRateMb: 1, ingestionBurstSizeMb: 1, maxProfileSizeBytes: MB },
    });
    const strings = Array.from({ length: 20_000 }, (_, index) => `${"s".repeat(40)}${index}`);
    const body = gzipSync(buildPprof({ ...cpuSketch, strings }));
    const item = { ...pushedCpu("api"), body };
    await bench.distributor.push("acme", [item], signal);
    const liar = Uint8Array.from(body);
    liar.fill(0, liar.length - 4);
    expect(estimateDecompressedBytes(liar)).toBe(0);
    const outcomes = bench.distributor.push("acme", [item], signal);
    await expect(outcomes).rejects.toMatchObject({ code: Code.ResourceExhausted });
  });
});

describe("a quota that is reached", () => {
  const quota = {
    period_type: "hour",
    period_limit_mb: 1024,
    limit_reset_time: NOW_MS / 1000 + 90,
    limit_reached: true,
    sampling: { num_requests: 0, period: "1m" },
    usage_groups: {},
  } as const;
  const refusal = {
    code: Code.ResourceExhausted,
    message: "limit of 1.0 GiB/hour reached, next reset at 2026-03-02T10:01:30Z",
    retryAfterMs: 90_000,
  };

  it("refuses everything until it begins anew", async () => {
    const bench = testBench({ limits: { ingestionLimit: quota } });
    const pushed = bench.distributor.push("acme", [pushedCpu("api"), pushedCpu("api")], signal);
    await expect(pushed).rejects.toMatchObject(refusal);
    const series = 'discarded_samples_total{reason="ingest_limit_reached",tenant="acme"}';
    expect(await bench.metric(series)).toBe(2);
  });

  it("lets a sample of the requests pass in each period", async () => {
    const ingestionLimit = { ...quota, sampling: { num_requests: 2, period: "1m" } };
    const bench = testBench({ limits: { ingestionLimit } });
    const push = (): Promise<unknown> => bench.distributor.push("acme", [pushedCpu("api")], signal);
    await push();
    await push();
    await expect(push()).rejects.toMatchObject({ code: Code.ResourceExhausted });
    bench.clock.advance(60_000);
    await push();
    expect(bench.writer.requests).toHaveLength(3);
  });

  it("is none as long as it is not reached", async () => {
    const bench = testBench({ limits: { ingestionLimit: { ...quota, limit_reached: false } } });
    await bench.distributor.push("acme", [pushedCpu("api")], signal);
    expect(bench.writer.requests).toHaveLength(1);
  });
});

describe("a request over the tenant's size", () => {
  const limits = { ingestionBodyLimitMb: 0.1, ingestionRateMb: 0 };

  it.each([
    { name: "as it came", body: Buffer.alloc(200_000, "x") },
    {
      name: "after decompression",
      body: gzipSync(buildPprof({ ...cpuSketch, strings: ["x".repeat(200_000)] })),
    },
  ])("is refused as a whole: $name", async ({ body }) => {
    const bench = testBench({ limits });
    const items = [pushedCpu("api"), { ...pushedCpu("api"), body }];
    await expect(bench.distributor.push("acme", items, signal)).rejects.toThrow(
      /request exceeds the limit of its tenant: size_bytes=\d+ ingestion_body_limit_mb=0.1 tenant=acme/,
    );
    expect(bench.writer.requests).toEqual([]);
    const series = 'discarded_samples_total{reason="body_size_limit_exceeded",tenant="acme"}';
    expect(await bench.metric(series)).toBe(2);
  });
});

describe("more active series than a tenant may have", () => {
  const limits = { maxActiveSeriesPerTenant: 2 };

  it("refuse profiles of new series, count them, and let the known pass", async () => {
    const bench = testBench({ limits });
    const items = [pushedCpu("a"), pushedCpu("b"), pushedCpu("c")];
    const outcomes = await bench.distributor.push("acme", items, signal);
    expect(outcomes).toMatchObject([undefined, undefined, { code: Code.ResourceExhausted }]);
    expect(await bench.distributor.push("acme", [pushedCpu("b")], signal)).toEqual([undefined]);
    expect(bench.writer.services).toEqual(["a", "b", "b"]);
    expect(await bench.metric('discarded_samples_total{reason="series_limit",tenant="acme"}')).toBe(1);
  });

  it("make room when nothing comes of them", async () => {
    const bench = testBench({ limits: { ...limits, rejectOlderThanMs: 0 } });
    await bench.distributor.push("acme", [pushedCpu("a"), pushedCpu("b")], signal);
    bench.clock.advance(20 * 60_000);
    expect(await bench.distributor.push("acme", [pushedCpu("c")], signal)).toEqual([undefined]);
  });

  it("count each sample type and label set of a profile, which is stored as a whole or not", async () => {
    const bench = testBench({ limits });
    const samples = ["x", "y", "z"].map((thread) => ({ stack: ["f"], values: [1], labels: { thread } }));
    const [error] = await bench.distributor.push("acme", [pushedCpu("a", { samples })], signal);
    expect(error).toMatchObject({ code: Code.ResourceExhausted });
    expect(await bench.distributor.push("acme", [pushedCpu("b")], signal)).toEqual([undefined]);
  });
});

describe("estimateDecompressedBytes", () => {
  it("believes the trailer of gzip as far as deflate could compress", () => {
    const body = gzipSync(Buffer.alloc(5000));
    expect(estimateDecompressedBytes(body)).toBe(5000);
    body.fill(0xff, body.length - 4);
    expect(estimateDecompressedBytes(body)).toBe(body.length * 1032);
    expect(estimateDecompressedBytes(Buffer.from("plain"))).toBe(5);
  });
});
