/** The worker between a bucket and a metastore, one thing at a time. */
import { describe, expect, it } from "@jest/globals";
import { UnavailableError, UnimplementedError } from "@hearth/errors";
import { blockObjectKey } from "@hearth/object-store";
import type { PollJobsRequest } from "@hearth/proto/hearth/metastore/v1";
import { settled } from "@hearth/testing";

import { LEASE_MS, type FakeMetastore } from "./support/fake-metastore.ts";
import { rowsOf } from "./support/text-blocks.ts";
import { makeHarness } from "./support/worker-harness.ts";
import { gate, keysIn, outcomes, reportsOf, storeSegments } from "./support/worker-observations.ts";

const { signal } = new AbortController();

describe("the first poll", () => {
  it("comes after the delay, so that a process can begin to serve", async () => {
    const harness = makeHarness({ options: { startDelayMs: 10_000 } });
    await storeSegments(harness, 4);
    const worker = harness.startWorker();
    await harness.clock.advance(9_999);
    expect(harness.metastore.requests).toEqual([]);
    await harness.clock.advance(1_001);
    expect(outcomes(harness.metastore)).toContain("compacted");
    await Promise.all([worker[Symbol.asyncDispose](), harness.clock.advance(60_000)]);
  });

  it("is not waited for when the process ends before", async () => {
    const harness = makeHarness({ options: { startDelayMs: 10_000 } });
    const worker = harness.startWorker();
    await harness.clock.advance(1_000);
    await worker[Symbol.asyncDispose]();
    expect(harness.metastore.requests).toEqual([]);
  });
});

describe("a compaction", () => {
  it("stores one block of each tenant, reports them, and then the sources are deleted", async () => {
    const harness = makeHarness();
    await storeSegments(harness, 4);
    await using _ = harness.runWorker();
    await harness.clock.advance(1000);
    expect(outcomes(harness.metastore)).toEqual(["compacted", "deleted"]);
    expect([...harness.metastore.index.values()].map(({ level, tenant }) => `${tenant}/${level}`)).toEqual([
      "acme/1",
      "evil/1",
    ]);
    expect(await keysIn(harness)).toEqual([...harness.metastore.index.values()].map(blockObjectKey).sort());
    const [acme] = harness.metastore.index.values();
    expect(rowsOf(await harness.bucket.get(blockObjectKey(acme!), signal))).toEqual([
      "acme/0",
      "acme/1",
      "acme/2",
      "acme/3",
      "acme/same",
    ]);
  });

  it("is counted by tenant, level and outcome", async () => {
    const harness = makeHarness();
    await storeSegments(harness, 4);
    await using _ = harness.runWorker();
    await harness.clock.advance(10_000);
    const { body } = await harness.registry.expose();
    expect(body).toMatch(/jobs_completed_total\{tenant="",level="0",status="success"\} 1/u);
    expect(body).toMatch(/jobs_in_progress\{tenant="",level="0"\} 0/u);
    expect(body).toMatch(/blocks_deleted_total\{status="success"\} 4/u);
    expect(body).toMatch(/repeated_rows_total\{level="0"\} 6/u);
    expect(body).toMatch(/time_to_compaction_seconds_count\{tenant="",level="0"\} 1/u);
  });

  it("names sources that are missing or damaged, and the others are done without them", async () => {
    const harness = makeHarness();
    const [first, second] = await storeSegments(harness, 4);
    await harness.bucket.delete(blockObjectKey(first!.meta), signal);
    await harness.bucket.put(blockObjectKey(second!.meta), new Uint8Array(3), {}, signal);
    await using _ = harness.runWorker();
    await harness.clock.advance(1000);
    expect(outcomes(harness.metastore)).toEqual(["failed", "compacted", "deleted"]);
    const [{ outcome }] = harness.metastore.taken as [FakeMetastore["taken"][number]];
    expect(outcome.value).toMatchObject({
      faults: [
        { block: first!.meta.id, kind: 1 },
        { block: second!.meta.id, kind: 2 },
      ],
    });
  });

  it("is given back when the bucket cannot be reached, and taken again after a rest", async () => {
    let isDown = true;
    const storeFault = () => (isDown ? { error: new UnavailableError("no bucket") } : {});
    const harness = makeHarness({ storeFault });
    await storeSegments(harness, 4);
    await using _ = harness.runWorker();
    await harness.clock.advance(4000);
    expect(outcomes(harness.metastore)).toEqual(["returned"]);
    expect(harness.metastore.requests.at(-1)?.jobCapacity).toBe(0);
    isDown = false;
    await harness.clock.advance(20_000);
    expect(outcomes(harness.metastore)).toEqual(["returned", "compacted", "deleted"]);
  });

  it("fails when it takes too long", async () => {
    const { pause } = gate();
    const harness = makeHarness({ pause });
    await storeSegments(harness, 4);
    await using _ = harness.runWorker();
    await harness.clock.advance(600_500);
    expect(harness.metastore.taken[0]?.outcome).toMatchObject({
      case: "failed",
      value: { reason: "compaction took too long: limit_ms=600000", faults: [] },
    });
    expect(outcomes(harness.metastore)).toEqual(["failed"]);
  });
});

describe("a deletion", () => {
  it("fails when an object cannot be deleted, and comes again", async () => {
    let failures = 0;
    const storeFault = ({ name }: { name: string }) =>
      name === "delete" && failures++ === 0 ? { error: new Error("not allowed") } : {};
    const harness = makeHarness({ storeFault });
    await storeSegments(harness, 4);
    await using _ = harness.runWorker();
    await harness.clock.advance(1000);
    expect(outcomes(harness.metastore)).toEqual(["compacted", "failed", "deleted"]);
  });

  it("is given up when it takes too long", async () => {
    const harness = makeHarness({
      storeFault: ({ name }) => (name === "delete" ? { delayMs: Infinity } : {}),
    });
    await storeSegments(harness, 4);
    await using _ = harness.runWorker();
    await harness.clock.advance(15_500);
    expect(outcomes(harness.metastore)).toEqual(["compacted", "failed"]);
    expect(harness.metastore.taken[1]?.outcome.value).toMatchObject({
      reason: expect.stringContaining("deletion of objects took too long"),
    });
  });
});

describe("polls", () => {
  it("renew leases while a job runs, and follow at once when it ends", async () => {
    const { pause, open } = gate();
    const harness = makeHarness({ pause });
    await storeSegments(harness, 4);
    await using _ = harness.runWorker();
    await harness.clock.advance(100_000);
    const before = harness.metastore.requests.length;
    expect(before).toBe(21);
    open();
    await harness.clock.advance(101);
    expect(outcomes(harness.metastore)).toEqual(["compacted"]);
    expect(harness.metastore.requests).toHaveLength(before + 1);
  });

  it("tell an outcome again when the answer is lost, and no longer when it came", async () => {
    let lost = 0;
    const pollFault = ({ reports }: PollJobsRequest) => ({ replyIsLost: reports.length > 0 && lost++ < 2 });
    const harness = makeHarness({ pollFault });
    await storeSegments(harness, 4);
    await using _ = harness.runWorker();
    await harness.clock.advance(10_000);
    expect(reportsOf(harness.metastore).filter((count) => count > 0)).toEqual([1, 1, 1, 1]);
    expect(outcomes(harness.metastore)).toEqual(["compacted", "deleted"]);
  });

  it("say when a compaction was in vain", async () => {
    const { pause, open } = gate();
    const harness = makeHarness({ pause });
    await storeSegments(harness, 4);
    await using _ = harness.runWorker();
    await harness.clock.advance(1000);
    harness.metastore.revokeAll();
    open();
    await harness.clock.advance(1000);
    const refusals = harness.events.filter(
      ({ message }) => message === "the metastore did not take a report",
    );
    expect(refusals).toMatchObject([
      { level: "warn", fields: { job: 1, token: 1, reason: "no such claim" } },
    ]);
    // The job is done again; its outputs replace themselves.
    expect(outcomes(harness.metastore)).toEqual(["compacted", "deleted"]);
  });

  it("start a job once whose first answer is lost", async () => {
    const { pause, seen } = gate();
    const harness = makeHarness({
      pause,
      pollFault: () => ({ replyIsLost: harness.metastore.requests.length < 3 }),
    });
    await storeSegments(harness, 4);
    await using _ = harness.runWorker();
    await harness.clock.advance(40_000);
    expect(seen).toEqual({ running: 1, stopped: 0 });
  });

  it("are rare, and logged once, when the metastore knows nothing of jobs", async () => {
    const harness = makeHarness({ pollFault: () => ({ error: new UnimplementedError("what?") }) });
    await using _ = harness.runWorker();
    await harness.clock.advance(600_000);
    expect(harness.metastore.requests.length).toBeLessThan(25);
    expect(harness.events.map(({ message }) => message)).toEqual([
      "the metastore does not know of compaction jobs; asking again now and then",
    ]);
  });

  it("are given up after the request timeout", async () => {
    const harness = makeHarness({ pollFault: () => ({ delayMs: Infinity }) });
    await using _ = harness.runWorker();
    await harness.clock.advance(30_000);
    expect(harness.metastore.requests.length).toBeGreaterThan(3);
  });
});

describe("a running job", () => {
  it("is stopped when its claim is revoked, and nothing is told of it", async () => {
    const { pause, seen } = gate();
    const harness = makeHarness({ pause });
    await storeSegments(harness, 4);
    await using _ = harness.runWorker();
    await harness.clock.advance(1000);
    harness.metastore.revokeAll();
    harness.metastore.giveAway();
    await harness.clock.advance(5000);
    expect(seen).toEqual({ running: 1, stopped: 1 });
    await harness.clock.advance(LEASE_MS - 1000);
    expect(reportsOf(harness.metastore).every((count) => count === 0)).toBe(true);
  });

  it("is stopped when no poll was answered for as long as a lease, and done anew later", async () => {
    let isDown = false;
    const { pause, seen, open } = gate();
    const harness = makeHarness({
      pause,
      pollFault: () => (isDown ? { error: new UnavailableError("no metastore") } : {}),
    });
    await storeSegments(harness, 4);
    await using _ = harness.runWorker();
    await harness.clock.advance(1000);
    isDown = true;
    await harness.clock.advance(LEASE_MS - 1001);
    expect(seen.stopped).toBe(0);
    await harness.clock.advance(1);
    expect(seen.stopped).toBe(1);
    isDown = false;
    await harness.clock.advance(20_000);
    expect(seen.running).toBe(2);
    open();
    await harness.clock.advance(1000);
    expect(outcomes(harness.metastore)).toEqual(["compacted", "deleted"]);
  });
});

describe("a worker", () => {
  it("holds no more bytes of sources than it may", async () => {
    const { pause, seen } = gate();
    const harness = makeHarness({ pause, options: { maxJobs: 5, maxSourceBytes: 1500 } });
    await storeSegments(harness, 16, 200);
    await using _ = harness.runWorker();
    await harness.clock.advance(6000);
    expect(harness.metastore.requests[0]).toMatchObject({ jobCapacity: 5, byteCapacity: 1500n });
    expect(seen.running).toBe(1);
  });

  it("finishes and tells what runs when it is closed, and takes no more", async () => {
    const { pause, seen, open } = gate();
    const harness = makeHarness({ pause });
    await storeSegments(harness, 16);
    const worker = harness.startWorker();
    await harness.clock.advance(1000);
    const closing = worker[Symbol.asyncDispose]();
    await harness.clock.advance(20_000);
    expect(harness.metastore.requests.at(-1)).toMatchObject({ jobCapacity: 0, held: [{}, {}] });
    open();
    await harness.clock.advance(1000);
    await closing;
    expect(seen).toEqual({ running: 2, stopped: 0 });
    expect(outcomes(harness.metastore)).toEqual(["compacted", "compacted"]);
  });

  it("gives back what is not done in time when it is closed", async () => {
    const { pause, seen } = gate();
    const harness = makeHarness({ pause });
    await storeSegments(harness, 4);
    const worker = harness.startWorker();
    await harness.clock.advance(1000);
    const closing = worker[Symbol.asyncDispose]();
    await harness.clock.advance(30_200);
    await closing;
    expect(seen.stopped).toBe(1);
    expect(outcomes(harness.metastore)).toEqual(["returned"]);
  });

  it("closes although the metastore is gone", async () => {
    let isDown = false;
    const { pause } = gate();
    const harness = makeHarness({
      pause,
      pollFault: () => (isDown ? { error: new UnavailableError("no metastore") } : {}),
    });
    await storeSegments(harness, 4);
    const worker = harness.startWorker();
    await harness.clock.advance(1000);
    isDown = true;
    await Promise.all([worker[Symbol.asyncDispose](), harness.clock.advance(60_000)]);
    expect(harness.clock.sleeperCount).toBe(0);
  });

  it("closes at once when it has nothing to do, any number of times", async () => {
    const harness = makeHarness();
    const worker = harness.startWorker();
    await settled();
    await worker[Symbol.asyncDispose]();
    await worker[Symbol.asyncDispose]();
    expect(harness.problems).toEqual([]);
  });
});
