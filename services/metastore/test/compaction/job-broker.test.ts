import { describe, expect, it } from "@jest/globals";
import { create } from "@bufbuild/protobuf";
import { blockMetaToWire } from "@hearth/block";
import { PollJobsRequestSchema } from "@hearth/proto/hearth/metastore/v1";
import { seededRandom } from "@hearth/runtime";
import { MetricRegistry } from "@hearth/telemetry";
import { CommandProposer } from "../../src/command-proposer.ts";
import { defaultCompactionSettings } from "../../src/compaction/compaction-settings.ts";
import { encodeAddBlocks, STATE_VERSION, TIERS_VERSION } from "../../src/index-state/command-codec.ts";
import { JobBroker } from "../../src/job-broker.ts";
import { MetastoreStateMachine } from "../../src/metastore-state-machine.ts";
import { metastoreMetrics } from "../../src/metrics.ts";
import type { LogRole } from "../../src/replicated-log/replicated-log.ts";
import { block, clockOfBlocks, START_MS, ulidAt } from "../support/blocks.ts";

const { signal } = new AbortController();
const random = seededRandom(5);

/** A broker over a log that is in memory. */
class Fixture {
  readonly stateMachine = new MetastoreStateMachine();
  nowMs = START_MS;
  version = STATE_VERSION;
  role: LogRole = "leader";
  entryCount = 0;
  readonly #log = {
    status: () => ({ role: this.role }),
    propose: async (command: Uint8Array) => {
      this.entryCount++;
      const outcome = this.stateMachine.apply(command);
      if (outcome.type === "unsupported") throw new Error(outcome.reason);
      return outcome.result;
    },
  };
  readonly broker: JobBroker;

  constructor() {
    const deps = {
      log: this.#log as never,
      stateMachine: this.stateMachine,
      clock: { ...clockOfBlocks, nowMs: () => this.nowMs, nowNanos: () => BigInt(this.nowMs) * 1_000_000n },
      commandVersion: () => this.version,
      metrics: metastoreMetrics(new MetricRegistry()),
    };
    const proposer = new CommandProposer(deps, { applyTimeoutMs: 1_000 });
    this.broker = new JobBroker({ ...deps, proposer, onDeletionsDone: () => {} }, defaultCompactionSettings);
    this.register(0);
  }

  register(count: number): void {
    const blocks = Array.from({ length: count }, () => block(ulidAt(this.nowMs, random)));
    const stampNanos = BigInt(this.nowMs) * 1_000_000n;
    const envelope = { version: 1, stampNanos, requestId: new Uint8Array() };
    this.stateMachine.apply(
      encodeAddBlocks(
        blocks.map((one) => blockMetaToWire(one)),
        envelope,
      ),
    );
  }

  poll(worker = "w1", fields: { sumsRows?: boolean } = {}) {
    const request = create(PollJobsRequestSchema, {
      worker,
      jobCapacity: 2,
      byteCapacity: 1n << 40n,
      ...fields,
    });
    return this.broker.poll(request, signal);
  }
}

describe("a poll for jobs", () => {
  it("gives the blocks of a job with all that the index knows of them", async () => {
    const fixture = new Fixture();
    fixture.register(20);
    const { compactions, leaseMs } = await fixture.poll();
    expect(leaseMs).toBe(defaultCompactionSettings.leaseMs);
    const [first] = compactions;
    expect(first?.sources.map(({ id }) => id)).toEqual(first?.job.blocks);
    expect(first?.sources[0]?.datasets.length).toBe(1);
  });

  it("is no part of the log while there is nothing to do", async () => {
    const fixture = new Fixture();
    fixture.register(19);
    fixture.nowMs += 30_000;
    expect((await fixture.poll()).compactions).toEqual([]);
    expect(fixture.entryCount).toBe(0);
  });

  it("is one when there is: a queue is full or stale, a lease ends, an answer was lost", async () => {
    const fixture = new Fixture();
    fixture.register(2);
    fixture.nowMs += 36_000;
    const { compactions } = await fixture.poll();
    expect(compactions.length).toBe(1);
    expect((await fixture.poll()).compactions).toEqual(compactions);
    expect((await fixture.poll("w2")).compactions).toEqual([]);
    expect(fixture.entryCount).toBe(2);
    fixture.nowMs += defaultCompactionSettings.leaseMs + 1;
    expect((await fixture.poll("w2")).compactions.length).toBe(1);
  });

  it("is none for jobs of tiers of a worker that does not sum", async () => {
    const fixture = new Fixture();
    const { compaction } = fixture.stateMachine.state;
    compaction.addBlock(block(ulidAt(START_MS, random), { level: 3, tenant: "acme" }), START_MS);
    const cutoffs = [{ tenant: "acme", level: 5, beforeMs: START_MS + 48 * 3_600_000 }];
    compaction.planTiers({ cutoffs, maxJobs: 1, maxBlocks: 1, maxBytes: 1 });
    expect((await fixture.poll()).compactions).toEqual([]);
    expect(fixture.entryCount).toBe(0);
    expect((await fixture.poll("w2", { sumsRows: true })).compactions.length).toBe(1);
  });

  it("knows lone blocks when all nodes do", async () => {
    const fixture = new Fixture();
    fixture.register(1);
    fixture.nowMs += defaultCompactionSettings.loneAgeMs;
    fixture.version = TIERS_VERSION - 1;
    expect((await fixture.poll()).compactions).toEqual([]);
    fixture.version = TIERS_VERSION;
    expect((await fixture.poll()).compactions.length).toBe(1);
  });

  it("is one every minute, so that the time of the log goes on", async () => {
    const fixture = new Fixture();
    for (let second = 0; second < 600; second += 5) {
      fixture.nowMs += 5_000;
      await fixture.poll();
    }
    expect(fixture.entryCount).toBe(10);
    expect(fixture.nowMs - fixture.stateMachine.state.lastStampMs).toBeLessThan(60_000);
  });

  it("is for the leader to answer", async () => {
    const fixture = new Fixture();
    fixture.role = "follower";
    await fixture.poll();
    expect(fixture.entryCount).toBe(1);
  });

  it("is refused while a node could not apply it", async () => {
    const fixture = new Fixture();
    fixture.version = 1;
    await expect(fixture.poll()).rejects.toThrow(/upgrade all of them/u);
  });

  it("is refused without a worker", async () => {
    await expect(new Fixture().poll("")).rejects.toThrow("worker must not be empty");
  });
});
