import { describe, expect, it } from "@jest/globals";
import { blockMetaToWire, type BlockMeta } from "@hearth/block";
import { create } from "@bufbuild/protobuf";
import { PollJobsRequestSchema } from "@hearth/proto/hearth/metastore/v1";
import { seededRandom } from "@hearth/runtime";
import { GIVEN_UP } from "../../src/compaction/compaction.ts";
import { defaultCompactionSettings } from "../../src/compaction/compaction-settings.ts";
import { checkCompaction } from "../../src/compaction/invariants.ts";
import type { PollResult } from "../../src/compaction/poll.ts";
import {
  encodeAddBlocks,
  encodeExpireBlocks,
  encodeNoteOrphans,
  encodePollJobs,
  STATE_VERSION,
} from "../../src/index-state/command-codec.ts";
import type { CommandResult } from "../../src/index-state/command-result.ts";
import { MetastoreState } from "../../src/index-state/metastore-state.ts";
import { encodeState, hashOfState, StateDecoder } from "../../src/index-state/snapshot-codec.ts";
import { MAX_CANDIDATES, MAX_STEP_MS } from "../../src/orphans/orphan-watch.ts";
import { block, START_MS, ulidAt } from "../support/blocks.ts";
import { mergedBlocks } from "../support/merged-blocks.ts";
import { slowDigest } from "../support/slow-digest.ts";

const MINUTE_MS = 60_000;
const GRACE_MS = 60 * MINUTE_MS;
const random = seededRandom(5);

/** A state whose watch began at `START_MS`, and a clock that only goes on when told to. */
class Bench {
  state = new MetastoreState();
  nowMs = START_MS;

  constructor() {
    this.sweep([]);
  }

  /** Time goes on as it does where workers poll. */
  wait(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.nowMs = Math.min(endMs, this.nowMs + MAX_STEP_MS);
      this.apply(encodeAddBlocks([], this.envelope));
    }
  }

  /** One command that names what a sweep found. */
  sweep(
    objects: readonly BlockMeta[],
    fields: { isLast?: boolean; includesOld?: boolean; beganMs?: number } = {},
  ) {
    const { isLast = true, includesOld = false, beganMs = this.nowMs } = fields;
    const notes = { objects, sweepBeganMs: beganMs, isLast, graceMs: GRACE_MS, includesOld };
    const result = this.apply(encodeNoteOrphans(notes, this.envelope));
    if (result.type !== "orphans-noted") throw new Error(JSON.stringify(result));
    const { noted, removed, old } = result;
    return { noted, removed, old };
  }

  register(one: BlockMeta): readonly { reason: string }[] {
    const result = this.apply(encodeAddBlocks([blockMetaToWire(one)], this.envelope));
    return result.type === "blocks-added" ? result.refusals : [];
  }

  poll(reports: Parameters<typeof create<typeof PollJobsRequestSchema>>[1] = {}): PollResult {
    const request = create(PollJobsRequestSchema, { worker: "w", jobCapacity: 9, ...reports });
    const result = this.apply(encodePollJobs(request, defaultCompactionSettings, this.envelope));
    if (result.type !== "jobs-polled") throw new Error(JSON.stringify(result));
    return result;
  }

  apply(command: Uint8Array): CommandResult {
    const result = this.state.apply(command);
    const problems = checkCompaction(this.state.index, this.state);
    if (problems.length > 0) throw new Error(problems.join("; "));
    return result;
  }

  /** As a node that starts from a snapshot. */
  restart(): void {
    const decoder = new StateDecoder();
    for (const frame of encodeState(this.state.capture())) decoder.add(frame);
    const restored = decoder.finish();
    const digests = [this.state.digest(), slowDigest(this.state), restored.digest()];
    if (new Set(digests).size > 1) throw new Error(`another state after a restart: ${digests.join()}`);
    this.state = restored;
  }

  get candidates(): string[] {
    return Array.from(this.state.compaction.orphans.all(), ({ id }) => id);
  }

  get envelope() {
    const stampNanos = BigInt(this.nowMs) * 1_000_000n;
    return { version: STATE_VERSION, stampNanos, requestId: new Uint8Array() };
  }
}

/** A bench at a time from which on ids are believed to be later than the beginning of the watch. */
function oldBench(): Bench {
  const bench = new Bench();
  bench.wait(GRACE_MS);
  return bench;
}

const segmentAt = (ms: number, fields: Partial<BlockMeta> = {}): BlockMeta =>
  block(ulidAt(ms, random), fields);
const mergedAt = (ms: number): BlockMeta => segmentAt(ms, { level: 1, tenant: "acme", shard: 3 });

describe("an object that nothing knows", () => {
  it("is noted, noted again, and goes when it was first noted long enough ago", () => {
    const bench = oldBench();
    const [segment, merged] = [segmentAt(bench.nowMs), mergedAt(bench.nowMs)];
    expect(bench.sweep([segment, merged])).toEqual({ noted: 2, removed: 0, old: 0 });
    bench.wait(GRACE_MS - 1);
    expect(bench.sweep([segment, merged])).toEqual({ noted: 0, removed: 0, old: 0 });
    bench.wait(1);
    bench.restart();
    expect(bench.sweep([segment, merged])).toEqual({ noted: 0, removed: 2, old: 0 });
    expect(bench.candidates).toEqual([]);
    const places = [segment, merged].map(({ id, tenant, shard, level }) => ({ id, tenant, shard, level }));
    expect([...bench.state.compaction.tombstones.all()]).toEqual(
      places.map((place) => expect.objectContaining({ ...place, isOrphan: true, sinceMs: bench.nowMs })),
    );
    expect(bench.sweep([segment, merged])).toEqual({ noted: 0, removed: 0, old: 0 });
  });

  it("does not go by the time in its id", () => {
    const bench = oldBench();
    bench.wait(9 * GRACE_MS);
    const segment = segmentAt(bench.nowMs - 8 * GRACE_MS);
    expect(bench.sweep([segment])).toEqual({ noted: 1, removed: 0, old: 0 });
    bench.wait(MINUTE_MS);
    expect(bench.sweep([segment])).toEqual({ noted: 0, removed: 0, old: 0 });
  });

  it("does not go in the sweep that found it first, however often that names it", () => {
    const bench = oldBench();
    const beganMs = bench.nowMs;
    const segment = segmentAt(bench.nowMs);
    bench.wait(1);
    bench.sweep([segment, segment], { beganMs, isLast: false });
    bench.wait(GRACE_MS);
    expect(bench.sweep([segment, segment], { beganMs })).toEqual({ noted: 0, removed: 0, old: 0 });
  });

  it("does not go by a sweep that began too early, however late its command comes", () => {
    const bench = oldBench();
    const segment = segmentAt(bench.nowMs);
    bench.sweep([segment]);
    const firstMs = bench.nowMs;
    bench.wait(2 * GRACE_MS);
    expect(bench.sweep([segment], { beganMs: firstMs + GRACE_MS - 1 }).removed).toBe(0);
    expect(bench.sweep([segment], { beganMs: firstMs + GRACE_MS }).removed).toBe(1);
  });

  it("goes once, though a command names it twice", () => {
    const bench = oldBench();
    const segment = segmentAt(bench.nowMs);
    bench.sweep([segment]);
    bench.wait(GRACE_MS);
    expect(bench.sweep([segment, segment])).toEqual({ noted: 0, removed: 1, old: 0 });
    bench.restart();
    expect(bench.state.compaction.tombstones.count).toBe(1);
  });

  it("is forgotten when a whole sweep does not name it, and begins anew when a later one does", () => {
    const bench = oldBench();
    const [one, other] = [segmentAt(bench.nowMs), segmentAt(bench.nowMs)];
    bench.sweep([one, other]);
    bench.wait(MINUTE_MS);
    bench.sweep([one], { isLast: false });
    expect(bench.candidates).toEqual([one.id, other.id]);
    bench.wait(MINUTE_MS);
    bench.sweep([one]);
    expect(bench.candidates).toEqual([one.id]);
    bench.wait(GRACE_MS);
    expect(bench.sweep([one, other])).toEqual({ noted: 1, removed: 1, old: 0 });
  });

  it("stays when the same id is found elsewhere", () => {
    const bench = oldBench();
    const segment = segmentAt(bench.nowMs);
    bench.sweep([segment]);
    bench.wait(GRACE_MS);
    expect(bench.sweep([{ ...segment, shard: 2 }]).removed).toBe(0);
    expect(bench.sweep([{ ...segment, tenant: "acme", level: 1 }]).removed).toBe(0);
    expect(bench.sweep([segment]).removed).toBe(1);
  });

  it("is left to later sweeps when there are too many", () => {
    const bench = oldBench();
    const many = Array.from({ length: MAX_CANDIDATES + 2 }, () => segmentAt(bench.nowMs));
    const notes = { sweepBeganMs: bench.nowMs, isLast: true, graceMs: GRACE_MS, includesOld: false };
    const { compaction } = bench.state;
    expect(compaction.noteOrphans({ ...notes, objects: many }, bench.nowMs).noted).toBe(MAX_CANDIDATES);
    const [first, last] = [many[0]!, many.at(-1)!];
    const laterMs = bench.nowMs + GRACE_MS;
    const again = { ...notes, objects: [first, last], sweepBeganMs: laterMs };
    expect(compaction.noteOrphans(again, laterMs)).toEqual({ noted: 1, removed: 1, old: 0 });
    expect(compaction.orphans.count).toBe(1);
  });
});

describe("a block that is registered", () => {
  it("before it is noted is none", () => {
    const bench = oldBench();
    const segment = segmentAt(bench.nowMs);
    expect(bench.register(segment)).toEqual([]);
    expect(bench.sweep([segment])).toEqual({ noted: 0, removed: 0, old: 0 });
  });

  it("after it was noted is no candidate any more", () => {
    const bench = oldBench();
    const segment = segmentAt(bench.nowMs);
    bench.sweep([segment]);
    bench.wait(GRACE_MS);
    expect(bench.register(segment)).toEqual([]);
    expect(bench.candidates).toEqual([]);
    expect(bench.sweep([segment])).toEqual({ noted: 0, removed: 0, old: 0 });
    expect(bench.state.index.has(segment.id)).toBe(true);
  });

  it("is refused when it was given up, before and after its object is deleted", () => {
    const bench = oldBench();
    const segment = segmentAt(bench.nowMs);
    bench.sweep([segment]);
    bench.wait(GRACE_MS);
    bench.sweep([segment]);
    const refusals = [{ block: segment.id, reason: GIVEN_UP }];
    expect(bench.register(segment)).toEqual(refusals);
    bench.restart();
    bench.wait(defaultCompactionSettings.tombstoneDelayMs);
    const [claim] = bench.poll().assigned;
    expect(bench.register(segment)).toEqual(refusals);
    const deleted = { claim: { job: BigInt(claim!.job), token: BigInt(claim!.token) } };
    bench.poll({ reports: [{ ...deleted, outcome: { case: "deleted", value: {} } }] });
    expect(bench.state.compaction.tombstones.get(segment.id)?.deletedMs).toBe(bench.nowMs);
    expect(bench.register(segment)).toEqual(refusals);
    bench.restart();
    expect(bench.register(segment)).toEqual(refusals);
    expect(bench.state.index.has(segment.id)).toBe(false);
  });

  it("was compacted: it is acknowledged, and its object is none while that is remembered", () => {
    const bench = oldBench();
    const segments = Array.from({ length: 20 }, () => segmentAt(bench.nowMs));
    for (const segment of segments) bench.register(segment);
    const [claim] = bench.poll({ byteCapacity: 1n << 40n }).assigned;
    const outputs = mergedBlocks(segments, random).map((one) => blockMetaToWire(one));
    const report = {
      claim: { job: BigInt(claim!.job), token: BigInt(claim!.token) },
      outcome: { case: "compacted" as const, value: { outputs } },
    };
    expect(bench.poll({ reports: [report] }).refusals).toEqual([]);
    expect(bench.sweep(segments)).toEqual({ noted: 0, removed: 0, old: 0 });
    expect(bench.register(segments[0]!)).toEqual([]);
  });
});

describe("a report of outputs that are given up", () => {
  it("is refused, unlike one of outputs that are registered", () => {
    const bench = oldBench();
    const output = mergedAt(bench.nowMs);
    bench.sweep([output]);
    bench.wait(GRACE_MS);
    bench.sweep([output]);
    const outcome = { case: "compacted" as const, value: { outputs: [blockMetaToWire(output)] } };
    const { refusals } = bench.poll({ reports: [{ claim: { job: 7n, token: 8n }, outcome }] });
    expect(refusals.map(({ reason }) => reason)).toEqual(["the job is not held by this worker any more"]);
  });
});

describe("what an index cannot vouch for", () => {
  it.each([
    { name: "of before the watch", atMs: START_MS - 1, want: { noted: 0, removed: 0, old: 1 } },
    { name: "of its first grace", atMs: START_MS + GRACE_MS - 1, want: { noted: 0, removed: 0, old: 1 } },
    { name: "of later", atMs: START_MS + GRACE_MS, want: { noted: 1, removed: 0, old: 0 } },
  ])("is left alone: $name", ({ atMs, want }) => {
    const bench = oldBench();
    bench.wait(GRACE_MS);
    expect(bench.sweep([segmentAt(atMs)])).toEqual(want);
  });

  it("goes when that is asked for", () => {
    const bench = new Bench();
    const segment = segmentAt(START_MS - 1);
    expect(bench.sweep([segment], { includesOld: true })).toEqual({ noted: 1, removed: 0, old: 0 });
    bench.wait(GRACE_MS);
    expect(bench.sweep([segment], { includesOld: true })).toEqual({ noted: 0, removed: 1, old: 0 });
  });

  it("is everything again after a time of which the log says nothing", () => {
    const bench = oldBench();
    const segment = segmentAt(bench.nowMs);
    bench.sweep([segment]);
    bench.wait(GRACE_MS);
    bench.nowMs += MAX_STEP_MS + 1;
    expect(bench.sweep([segment])).toEqual({ noted: 0, removed: 0, old: 1 });
    expect(bench.candidates).toEqual([]);
    bench.restart();
    expect(bench.state.compaction.orphans.sinceMs).toBe(bench.nowMs);
  });

  it("is nothing that an index keeps that was never swept: its snapshot and its digest are those of version 2", () => {
    const state = new MetastoreState();
    const dice = seededRandom(1);
    const stampNanos = BigInt(START_MS) * 1_000_000n;
    const envelope = { version: 2, stampNanos, requestId: new Uint8Array() };
    const blocks = [0, 1].map((n) => blockMetaToWire(block(ulidAt(START_MS + n, dice))));
    state.apply(encodeAddBlocks(blocks, envelope));
    const cutoffs = new Map([["acme", START_MS + 5_000]]);
    state.apply(encodeExpireBlocks({ cutoffs, maxBlocks: 1 }, envelope));
    expect(state.digest()).toBe("a61566d2d23e161b");
    expect(hashOfState(state.capture())).toBe(
      "533c7bbafaade835f9933fd494a016a027ac12c062be66d20bda00c08d474ee7",
    );
  });
});

describe("the command", () => {
  it.each([
    { name: "an id that is none", object: { id: "01J2" } },
    { name: "a tenant that is none", object: { tenant: ".." } },
    { name: "a shard that is none", object: { shard: 0 } },
  ])("changes nothing with $name", ({ object }) => {
    const bench = oldBench();
    const before = bench.state.digest();
    const objects = [{ ...segmentAt(bench.nowMs), ...object }];
    const notes = { objects, sweepBeganMs: 1, isLast: true, graceMs: 1, includesOld: true };
    expect(bench.state.apply(encodeNoteOrphans(notes, bench.envelope)).type).toBe("rejected");
    expect(bench.state.digest()).toBe(before);
  });

  it("is none of version 2", () => {
    const notes = { objects: [], sweepBeganMs: 0, isLast: true, graceMs: 0, includesOld: false };
    const envelope = { ...new Bench().envelope, version: 2 };
    expect(() => encodeNoteOrphans(notes, envelope)).toThrow(/version=2/u);
  });
});
