import { describe, expect, it } from "@jest/globals";
import { create } from "@bufbuild/protobuf";
import { blockMetaToWire, type BlockMeta } from "@hearth/block";
import {
  PollJobsRequestSchema,
  SourceFaultKind,
  type PollJobsRequest,
} from "@hearth/proto/hearth/metastore/v1";
import { seededRandom } from "@hearth/runtime";
import {
  defaultCompactionSettings,
  type CompactionSettings,
} from "../../src/compaction/compaction-settings.ts";
import { checkCompaction } from "../../src/compaction/invariants.ts";
import type { PollResult } from "../../src/compaction/poll.ts";
import {
  encodeAddBlocks,
  encodePollJobs,
  encodeReleaseBlocks,
  STATE_VERSION,
} from "../../src/index-state/command-codec.ts";
import { MetastoreState } from "../../src/index-state/metastore-state.ts";
import { encodeState, StateDecoder } from "../../src/index-state/snapshot-codec.ts";
import { block, START_MS, ulidAt } from "../support/blocks.ts";
import { mergedBlocks } from "../support/merged-blocks.ts";

const MINUTE_MS = 60_000;
const settings: CompactionSettings = {
  ...defaultCompactionSettings,
  levels: defaultCompactionSettings.levels.map((level) => ({ ...level, maxBlocks: 2 })),
};
const random = seededRandom(7);

/** A state, a clock that only goes on when told to, and what a worker says. */
class Bench {
  state = new MetastoreState();
  nowMs = START_MS;

  register(blocks: readonly BlockMeta[]): void {
    this.state.apply(
      encodeAddBlocks(
        blocks.map((one) => blockMetaToWire(one)),
        this.#envelope(),
      ),
    );
  }

  segments(count: number): BlockMeta[] {
    const blocks = Array.from({ length: count }, (_, n) => block(ulidAt(this.nowMs + n, random)));
    this.register(blocks);
    return blocks;
  }

  poll(fields: Partial<Omit<PollJobsRequest, "$typeName">> = {}, plan = settings): PollResult {
    const request = create(PollJobsRequestSchema, {
      worker: "w1",
      jobCapacity: 10,
      byteCapacity: 1n << 40n,
      ...fields,
    });
    const result = this.state.apply(encodePollJobs(request, plan, this.#envelope()));
    const problems = checkCompaction(this.state.index, this.state);
    if (problems.length > 0) throw new Error(problems.join("; "));
    if (result.type !== "jobs-polled") throw new Error(JSON.stringify(result));
    return result;
  }

  report(
    claim: { job: number; token: number },
    outcome: PollJobsRequest["reports"][number]["outcome"],
    worker = "w1",
  ) {
    const reports = [{ $typeName: "hearth.metastore.v1.JobReport" as const, claim: claimOf(claim), outcome }];
    return this.poll({ worker, reports, jobCapacity: 0 });
  }

  /** What a worker would report that has done the job. */
  compacted({ job }: { job: number }): PollJobsRequest["reports"][number]["outcome"] {
    const outputs = mergedBlocks(this.sourcesOf(job), random).map((one) => blockMetaToWire(one));
    return {
      case: "compacted",
      value: {
        $typeName: "hearth.metastore.v1.JobCompacted",
        outputs,
        repeatedRows: 0n,
        deletedRows: [],
        summedRows: 0n,
      },
    };
  }

  sourcesOf(job: number): BlockMeta[] {
    return this.state.compaction.jobs.get(job)!.blocks.map((id) => this.state.index.get(id)!);
  }

  /** @returns how many blocks were released. */
  release(ids: readonly string[]): number {
    const result = this.state.apply(encodeReleaseBlocks(ids, this.#envelope()));
    const problems = checkCompaction(this.state.index, this.state);
    if (problems.length > 0) throw new Error(problems.join("; "));
    if (result.type !== "blocks-released") throw new Error(JSON.stringify(result));
    return result.blockCount;
  }

  /** As a node that starts from a snapshot. */
  restart(): void {
    const decoder = new StateDecoder();
    for (const frame of encodeState(this.state.capture())) decoder.add(frame);
    this.state = decoder.finish();
  }

  get live(): string[] {
    return Array.from(this.state.index.places(), ({ id }) => id).toSorted();
  }

  #envelope() {
    const stampNanos = BigInt(this.nowMs) * 1_000_000n;
    return { version: STATE_VERSION, stampNanos, requestId: new Uint8Array() };
  }
}

function claimOf({ job, token }: { job: number; token: number }) {
  return { $typeName: "hearth.metastore.v1.JobClaim" as const, job: BigInt(job), token: BigInt(token) };
}

const failed = (faults: readonly string[] = []): PollJobsRequest["reports"][number]["outcome"] => ({
  case: "failed",
  value: {
    $typeName: "hearth.metastore.v1.JobFailed",
    reason: "it broke",
    faults: faults.map((id) => ({
      $typeName: "hearth.metastore.v1.SourceFault" as const,
      block: id,
      kind: SourceFaultKind.DAMAGED,
      reason: "a bad crc",
    })),
  },
});
const deleted = { case: "deleted" as const, value: { $typeName: "hearth.metastore.v1.JobDeleted" as const } };
const returned = {
  case: "returned" as const,
  value: { $typeName: "hearth.metastore.v1.JobReturned" as const },
};

describe("a job of compaction", () => {
  it("replaces its sources by its outputs, in one step", () => {
    const bench = new Bench();
    const sources = bench.segments(2);
    const [claim] = bench.poll().assigned;
    const outcome = bench.compacted(claim!);
    expect(bench.report(claim!, outcome).refusals).toEqual([]);
    expect(bench.live).toEqual(outcome.case === "compacted" ? outcome.value.outputs.map(({ id }) => id) : []);
    for (const { id } of sources) expect(bench.state.compaction.tombstones.has(id)).toBe(true);
  });

  it("is told again until it is named or reported: an answer may be lost", () => {
    const bench = new Bench();
    bench.segments(2);
    const { assigned } = bench.poll();
    expect(bench.poll().assigned).toEqual(assigned);
    expect(bench.poll({ held: assigned.map(claimOf) }).assigned).toEqual([]);
  });

  it("may be reported again when the answer was lost, and changes nothing more", () => {
    const bench = new Bench();
    bench.segments(2);
    const [claim] = bench.poll().assigned;
    const outcome = bench.compacted(claim!);
    bench.report(claim!, outcome);
    const { live } = bench;
    expect(bench.report(claim!, outcome).refusals).toEqual([]);
    expect(bench.live).toEqual(live);
  });

  it("is given to another worker when its lease ends, and the first one's report counts no more", () => {
    const bench = new Bench();
    const sources = bench.segments(2).map(({ id }) => id);
    const [first] = bench.poll().assigned;
    const late = bench.compacted(first!);
    bench.nowMs += settings.leaseMs + 1;
    const [second] = bench.poll({ worker: "w2" }).assigned;
    expect(second?.job).toBe(first?.job);
    expect(second!.token).toBeGreaterThan(first!.token);
    expect(bench.report(first!, late).refusals).toEqual([
      { claim: first, reason: "the job is not held by this worker any more" },
    ]);
    expect(bench.live).toEqual(sources);
    expect(bench.poll({ held: [claimOf(first!)], jobCapacity: 0 }).revoked).toEqual([first]);
  });

  it("that its worker got a second time is not reported with the token of the first", () => {
    const bench = new Bench();
    bench.segments(2);
    const [first] = bench.poll().assigned;
    const outcome = bench.compacted(first!);
    bench.nowMs += settings.leaseMs + 1;
    const [second] = bench.poll().assigned;
    expect(second?.job).toBe(first?.job);
    for (const token of [first!.token, second!.token + 1]) {
      expect(bench.report({ job: first!.job, token }, outcome).refusals.length).toBe(1);
    }
    expect(bench.report(second!, outcome).refusals).toEqual([]);
  });

  it("stays with a worker that names it in time, and goes back when it is returned", () => {
    const bench = new Bench();
    bench.segments(2);
    const [claim] = bench.poll().assigned;
    for (let n = 0; n < 5; n++) {
      bench.nowMs += settings.leaseMs - 1;
      expect(bench.poll({ held: [claimOf(claim!)], jobCapacity: 0 }).revoked).toEqual([]);
      expect(bench.poll({ worker: "w2" }).assigned).toEqual([]);
    }
    bench.report(claim!, returned);
    expect(bench.poll({ worker: "w2" }).assigned).toEqual([{ job: claim!.job, token: claim!.token + 1 }]);
  });

  it("is only given to who has room for it, but a large one to who holds nothing", () => {
    const bench = new Bench();
    bench.segments(4);
    expect(bench.poll({ jobCapacity: 1 }).assigned.length).toBe(1);
    expect(bench.poll({ worker: "w2", byteCapacity: 1n }).assigned.length).toBe(1);
    bench.segments(4);
    const held = bench.poll({ worker: "w3", byteCapacity: 1n }).assigned;
    expect(held.length).toBe(1);
    expect(bench.poll({ worker: "w3", byteCapacity: 1n, held: held.map(claimOf) }).assigned).toEqual([]);
  });

  it("whose outputs lack rows is not done, and its sources stay", () => {
    const bench = new Bench();
    const sources = bench.segments(2).map(({ id }) => id);
    const [claim] = bench.poll().assigned;
    const outcome = bench.compacted(claim!);
    if (outcome.case === "compacted") outcome.value.repeatedRows = 1n;
    expect(bench.report(claim!, outcome).refusals[0]?.reason).toMatch(/rows are missing/u);
    expect(bench.live).toEqual(sources);
  });
});

describe("a job that fails", () => {
  it("puts aside the sources that are at fault, and the others wait again", () => {
    const bench = new Bench();
    const [bad, good] = bench.segments(2);
    const [claim] = bench.poll().assigned;
    bench.report(claim!, failed([bad!.id]));
    expect(bench.state.compaction.notes.all()).toEqual([
      [bad!.id, { type: "quarantined", reason: "a bad crc", sinceMs: bench.nowMs }],
    ]);
    const [another] = bench.segments(1);
    const [next] = bench.poll().assigned;
    expect(bench.sourcesOf(next!.job).map(({ id }) => id)).toEqual([good!.id, another!.id].toSorted());
    expect(bench.live).toContain(bad!.id);
  });

  it("without a culprit is tried again, then taken apart, and what fails alone is put aside", () => {
    const bench = new Bench();
    const [bad, good] = bench.segments(2);
    for (let n = 0; n < settings.maxFailures; n++) {
      const [claim] = bench.poll().assigned;
      expect(bench.sourcesOf(claim!.job).length).toBe(2);
      bench.report(claim!, failed());
    }
    const alone = bench.poll().assigned;
    expect(alone.map(({ job }) => bench.sourcesOf(job).map(({ id }) => id))).toEqual([[bad!.id], [good!.id]]);
    bench.report(alone[1]!, bench.compacted(alone[1]!));
    for (let n = 0; n < settings.maxFailures; n++) {
      const claim = bench.poll().assigned.find(({ job }) => bench.sourcesOf(job)[0]?.id === bad!.id);
      bench.report(claim!, failed());
    }
    expect(bench.state.compaction.notes.isQuarantined(bad!.id)).toBe(true);
    expect(bench.poll().assigned).toEqual([]);
  });

  describe("and put sources aside", () => {
    const bench = new Bench();
    const [one, two] = bench.segments(2).map(({ id }) => id);
    const [claim] = bench.poll().assigned;
    bench.report(claim!, failed([one!, two!]));
    const putAside = [...encodeState(bench.state.capture())];
    const again = (): Bench => {
      const decoder = new StateDecoder();
      for (const frame of putAside) decoder.add(frame);
      const copy = new Bench();
      copy.state = decoder.finish();
      return copy;
    };

    it.each([
      { name: "takes them again when they are released by name", ids: [one!, two!], want: 2 },
      { name: "takes them again when all are released", ids: [], want: 2 },
      { name: "does not know of others", ids: [ulidAt(START_MS, random)], want: 0 },
    ])("$name", ({ ids, want }) => {
      const copy = again();
      expect(copy.release(ids)).toBe(want);
      expect(copy.release(ids)).toBe(0);
      expect(copy.poll().assigned.flatMap(({ job }) => copy.sourcesOf(job).map(({ id }) => id))).toEqual(
        ids.length === 0 || want > 0 ? [one, two] : [],
      );
    });

    it("keeps those that are not released aside", () => {
      const copy = again();
      expect(copy.release([one!])).toBe(1);
      copy.restart();
      expect(copy.state.compaction.notes.all().map(([id]) => id)).toEqual([two]);
    });
  });

  it("does not put aside what is none of its sources", () => {
    const bench = new Bench();
    const [, , other] = bench.segments(3);
    const [claim] = bench.poll().assigned;
    bench.report(claim!, failed([other!.id]));
    expect(bench.state.compaction.notes.all()).toEqual([]);
  });
});

describe("a tombstone", () => {
  function compactedBench(): { bench: Bench; sources: BlockMeta[] } {
    const bench = new Bench();
    const sources = bench.segments(2);
    const [claim] = bench.poll().assigned;
    bench.report(claim!, bench.compacted(claim!));
    return { bench, sources };
  }

  it("is deleted after the delay by the time of the log, once, and reported", () => {
    const { bench, sources } = compactedBench();
    bench.nowMs += settings.tombstoneDelayMs - 1;
    expect(bench.poll().assigned).toEqual([]);
    bench.nowMs += 1;
    const [claim] = bench.poll().assigned;
    expect(bench.state.compaction.jobs.get(claim!.job)?.blocks).toEqual(sources.map(({ id }) => id));
    expect(bench.poll({ worker: "w2" }).assigned).toEqual([]);
    bench.report(claim!, deleted);
    expect(bench.state.compaction.tombstones.presentCount).toBe(0);
  });

  it("is deleted by another job when the first could not", () => {
    const { bench } = compactedBench();
    bench.nowMs += settings.tombstoneDelayMs;
    const [claim] = bench.poll().assigned;
    bench.report(claim!, failed());
    expect(bench.state.compaction.tombstones.presentCount).toBe(2);
    expect(bench.poll({ worker: "w2" }).assigned.length).toBe(1);
  });

  it("keeps a block from coming back, until long after its object is gone", () => {
    const { bench, sources } = compactedBench();
    const { live } = bench;
    const comesBack = (): boolean => {
      bench.register(sources);
      return bench.live.length > live.length;
    };
    expect(comesBack()).toBe(false);
    bench.nowMs += settings.tombstoneDelayMs;
    bench.report(bench.poll().assigned[0]!, deleted);
    expect(comesBack()).toBe(false);
    bench.nowMs += 119 * MINUTE_MS;
    bench.poll();
    expect(comesBack()).toBe(false);
    bench.nowMs += 2 * MINUTE_MS;
    bench.poll();
    expect([...bench.state.compaction.tombstones.all()]).toEqual([]);
  });
});

describe("a tombstone of a segment whose writer's clock was hours ahead", () => {
  it("is remembered until the segment looks old, since until then its object is not looked for", () => {
    const bench = new Bench();
    const aheadMs = 300 * MINUTE_MS;
    const sources = [1, 2].map((n) => block(ulidAt(bench.nowMs + aheadMs + n, random)));
    bench.register(sources);
    const [claim] = bench.poll().assigned;
    bench.report(claim!, bench.compacted(claim!));
    bench.nowMs += settings.tombstoneDelayMs;
    bench.report(bench.poll().assigned[0]!, deleted);
    bench.nowMs = START_MS + aheadMs + 119 * MINUTE_MS;
    bench.poll();
    const { live } = bench;
    bench.register(sources);
    expect(bench.live).toEqual(live);
    bench.nowMs += 2 * MINUTE_MS;
    bench.poll();
    expect([...bench.state.compaction.tombstones.all()]).toEqual([]);
  });
});

describe("a poll in the log", () => {
  it.each<[string, Partial<CompactionSettings>]>([
    ["too few levels", { levels: settings.levels.slice(1) }],
    ["a level of no blocks", { levels: settings.levels.map((level) => ({ ...level, maxBlocks: 0 })) }],
    ["no failures", { maxFailures: 0 }],
    ["an empty batch", { deletionBatch: 0 }],
  ])("changes nothing with %s", (_, fields) => {
    const bench = new Bench();
    bench.segments(2);
    const before = bench.state.digest();
    expect(() => bench.poll({}, { ...settings, ...fields })).toThrow(/out of range/u);
    expect(bench.state.digest()).toBe(before);
  });

  it("changes nothing without a worker", () => {
    const bench = new Bench();
    bench.segments(2);
    expect(() => bench.poll({ worker: "" })).toThrow(/no name/u);
  });
});
