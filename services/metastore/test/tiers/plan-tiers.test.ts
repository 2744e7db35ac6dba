import { describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";
import { BlockNotes } from "../../src/compaction/block-notes.ts";
import { JobTable } from "../../src/compaction/job-table.ts";
import { BlockIndex } from "../../src/index-state/block-index.ts";
import { DAY_MS, dueTierBatches } from "../../src/tiers/plan-tiers.ts";
import type { TierCutoff, TierPlan } from "../../src/tiers/tier-plan.ts";
import { block, dataset, START_MS, ulidAt } from "../support/blocks.ts";

const HOUR_MS = 3_600_000;
const random = seededRandom(2);
const LIMITS = { maxJobs: 10, maxBlocks: 3, maxBytes: 100 };

interface Sketch {
  readonly tenant?: string;
  readonly shard?: number;
  readonly level?: number;
  /** Hours since the beginning of day 0 at which its data begins and ends. */
  readonly from?: number;
  readonly to: number;
  readonly sizeBytes?: number;
  readonly note?: "solo" | "quarantined";
  readonly isInJob?: boolean;
}

/** Blocks by names, in the order of their ids. */
function dueOf(
  blocks: Readonly<Record<string, Sketch>>,
  cutoffs: readonly Partial<TierCutoff>[],
  limits: Partial<TierPlan> = {},
): { jobs: string[]; isComplete: boolean } {
  const index = new BlockIndex();
  const jobs = new JobTable();
  const notes = new BlockNotes();
  const names = new Map<string, string>();
  for (const [name, sketch] of Object.entries(blocks)) {
    const {
      tenant = "acme",
      shard = 1,
      level = 3,
      from = sketch.to,
      to,
      sizeBytes = 10,
      note,
      isInJob,
    } = sketch;
    const id = ulidAt(START_MS + names.size, random);
    names.set(id, name);
    const times = { minTimeMs: START_MS + from * HOUR_MS, maxTimeMs: START_MS + to * HOUR_MS };
    index.add(
      block(id, {
        tenant: level > 0 ? tenant : "",
        shard,
        level,
        sizeBytes,
        datasets: [dataset({ tenant, ...times })],
      }),
      0,
    );
    if (note === "solo") notes.set(id, { type: note });
    if (note === "quarantined") notes.set(id, { type: note, reason: "", sinceMs: 0 });
    if (isInJob) jobs.set(jobOf(jobs.count + 1, { blocks: [id], outputLevel: 0 }));
  }
  const plan = {
    ...LIMITS,
    ...limits,
    cutoffs: cutoffs.map((cutoff) => ({ tenant: "acme", level: 5, beforeMs: START_MS + DAY_MS, ...cutoff })),
  };
  const { batches, isComplete } = dueTierBatches({ index, jobs, notes }, plan);
  return {
    jobs: batches.map(
      ({ blocks: sources, outputLevel }) =>
        `${sources.map(({ id }) => names.get(id)).join("")}>${outputLevel}`,
    ),
    isComplete,
  };
}

function jobOf(number: number, fields: { blocks: readonly string[]; outputLevel: number }) {
  return {
    type: "compaction" as const,
    number,
    token: 0,
    worker: "",
    leaseEndsMs: 0,
    failures: 0,
    tenant: "acme",
    shard: 1,
    level: 3,
    sizeBytes: 10,
    isRewrite: false,
    deletionsUpTo: 0,
    ...fields,
  };
}

const dayEnds = (days: number, offsetMs = 0): number => START_MS + days * DAY_MS + offsetMs;

describe("what is due for a tier", () => {
  it.each<[string, Record<string, Sketch>, Partial<TierCutoff>[], string[]]>([
    ["is nothing without a cutoff", { a: { to: 1 } }, [], []],
    ["is a day's blocks together", { a: { to: 1 }, b: { to: 23 } }, [{}], ["ab>5"]],
    ["is a block alone", { a: { to: 1 } }, [{}], ["a>5"]],
    ["is a day that ends at the time", { a: { to: 1 } }, [{ beforeMs: dayEnds(1) }], ["a>5"]],
    ["is no day that ends later", { a: { to: 1 } }, [{ beforeMs: dayEnds(1, -1) }], []],
    ["goes by the newest data", { a: { from: 1, to: 25 }, b: { to: 2 } }, [{}], ["b>5"]],
    ["is each day by itself", { a: { to: 25 }, b: { to: 1 } }, [{ beforeMs: dayEnds(2) }], ["b>5", "a>5"]],
    ["is each shard by itself", { a: { to: 1, shard: 2 }, b: { to: 1 } }, [{}], ["b>5", "a>5"]],
    [
      "is only of tenants that are named",
      { a: { to: 1 }, b: { to: 1, tenant: "b" } },
      [{ tenant: "b" }],
      ["b>5"],
    ],
    [
      "is not what will be merged",
      { a: { to: 1, level: 0 }, b: { to: 1, level: 1 }, c: { to: 1, level: 2 } },
      [{}],
      [],
    ],
    ["is not what is summed so already", { a: { to: 1, level: 5 }, b: { to: 1, level: 6 } }, [{}], []],
    ["is not what is in a job", { a: { to: 1, isInJob: true }, b: { to: 1 } }, [{}], ["b>5"]],
    ["is not what is put aside", { a: { to: 1, note: "quarantined" }, b: { to: 1 } }, [{}], ["b>5"]],
    [
      "is alone what failed with others",
      { a: { to: 1 }, b: { to: 1, note: "solo" }, c: { to: 1 } },
      [{}],
      ["b>5", "ac>5"],
    ],
    ["is for the coarsest tier", { a: { to: 1 } }, [{}, { level: 6 }], ["a>6"]],
    [
      "is for the finer tier while the coarser is not due",
      { a: { to: 1 }, b: { to: 25 } },
      [{ beforeMs: dayEnds(2) }, { level: 6, beforeMs: dayEnds(1) }],
      ["a>6", "b>5"],
    ],
    [
      "is each level by itself",
      { a: { to: 1 }, b: { to: 1, level: 5 }, c: { to: 1 } },
      [{ level: 6 }],
      ["ac>6", "b>6"],
    ],
  ])("%s", (_, blocks, cutoffs, want) => {
    expect(dueOf(blocks, cutoffs)).toEqual({ jobs: want, isComplete: true });
  });

  it.each<[string, Record<string, Sketch>, Partial<TierPlan>, string[], boolean]>([
    [
      "at most so many blocks in a job",
      { a: { to: 1 }, b: { to: 1 }, c: { to: 1 }, d: { to: 1 } },
      {},
      ["abc>5", "d>5"],
      true,
    ],
    [
      "at most so many bytes",
      { a: { to: 1 }, b: { to: 1, sizeBytes: 91 }, c: { to: 1 } },
      {},
      ["a>5", "b>5", "c>5"],
      true,
    ],
    ["a larger block alone", { a: { to: 1, sizeBytes: 101 }, b: { to: 1 } }, {}, ["a>5", "b>5"], true],
    ["at most so many jobs", { a: { to: 1 }, b: { to: 1, shard: 2 } }, { maxJobs: 1 }, ["a>5"], false],
    [
      "all of them when they are not more",
      { a: { to: 1 }, b: { to: 1, shard: 2 } },
      { maxJobs: 2 },
      ["a>5", "b>5"],
      true,
    ],
  ])("is given out in portions: %s", (_, blocks, limits, want, isComplete) => {
    expect(dueOf(blocks, [{}], limits)).toEqual({ jobs: want, isComplete });
  });

  it("waits while there are as many jobs of tiers as there may be", () => {
    const jobs = new JobTable();
    const index = new BlockIndex();
    const ids = [1, 2].map((n) => ulidAt(START_MS + n, random));
    for (const id of ids) index.add(block(id, { tenant: "acme", level: 3 }), 0);
    jobs.set(jobOf(1, { blocks: [ids[0]!], outputLevel: 5 }));
    const plan = { ...LIMITS, maxJobs: 1, cutoffs: [{ tenant: "acme", level: 5, beforeMs: dayEnds(1) }] };
    expect(dueTierBatches({ index, jobs, notes: new BlockNotes() }, plan)).toEqual({
      batches: [],
      isComplete: false,
    });
  });
});
