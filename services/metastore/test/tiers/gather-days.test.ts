import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { seededRandom } from "@hearth/runtime";
import { BlockNotes } from "../../src/compaction/block-notes.ts";
import { JobTable } from "../../src/compaction/job-table.ts";
import { BlockIndex } from "../../src/index-state/block-index.ts";
import { GATHERED_LEVEL } from "../../src/tiers/gather-days.ts";
import { DAY_MS, dueTierBatches } from "../../src/tiers/plan-tiers.ts";
import { tierPlanFromWire, tierPlanToWire, type TierPlan } from "../../src/tiers/tier-plan.ts";
import { block, dataset, START_MS, ulidAt } from "../support/blocks.ts";

const HOUR_MS = 3_600_000;
const random = seededRandom(5);
const RULE = {
  sinceMs: START_MS,
  beforeMs: START_MS + DAY_MS,
  maxDatasetBytes: 10,
  maxBlockBytes: 20,
  minBlocks: 2,
};
const LIMITS = { cutoffs: [], maxJobs: 10, maxBlocks: 4, maxBytes: 30 };

interface Sketch {
  readonly tenant?: string;
  readonly shard?: number;
  readonly level?: number;
  /** Hours since the beginning of day 0 at which its data ends. */
  readonly hour?: number;
  /** Bytes of the datasets of service 0, 1 …. */
  readonly bytes?: readonly number[];
  readonly note?: "solo" | "quarantined";
}

/** Jobs that gather blocks, which have names in the order of their ids. */
function gathered(
  blocks: Readonly<Record<string, Sketch>>,
  rule: Partial<typeof RULE> = {},
  limits: Partial<TierPlan> = {},
): string[] {
  const index = new BlockIndex();
  const notes = new BlockNotes();
  const names = new Map<string, string>();
  for (const [name, sketch] of Object.entries(blocks)) {
    const { tenant = "acme", shard = 1, level = 3, hour = 1, bytes = [1], note } = sketch;
    const id = ulidAt(START_MS + names.size, random);
    names.set(id, name);
    const times = { minTimeMs: START_MS + hour * HOUR_MS, maxTimeMs: START_MS + hour * HOUR_MS };
    const datasets = bytes.map((sizeBytes, at) =>
      dataset({ tenant, ...times, service: `service-${at}`, sizeBytes, offset: 0, sections: [] }),
    );
    const sizeBytes = bytes.reduce((sum, each) => sum + each, 0);
    index.add(block(id, { tenant, shard, level, sizeBytes, datasets }), 0);
    if (note === "solo") notes.set(id, { type: note });
    if (note === "quarantined") notes.set(id, { type: note, reason: "", sinceMs: 0 });
  }
  const plan = { ...LIMITS, ...limits, gather: { ...RULE, ...rule } };
  const { batches } = dueTierBatches({ index, jobs: new JobTable(), notes }, plan);
  return batches.map(
    ({ blocks: sources, outputLevel }) =>
      `${sources.map(({ id }) => names.get(id)).join("")}${outputLevel === GATHERED_LEVEL ? "" : `>${outputLevel}`}`,
  );
}

describe("blocks of a day that is over", () => {
  it.each<[string, Record<string, Sketch>, Partial<typeof RULE>, string[]]>([
    ["go together", { a: {}, b: { hour: 23 } }, {}, ["ab"]],
    [
      "go with those of their own day",
      { a: {}, b: { hour: 25 }, c: {} },
      { beforeMs: START_MS + 2 * DAY_MS },
      ["ac"],
    ],
    ["go with those of their own shard", { a: {}, b: { shard: 2 }, c: {} }, {}, ["ac"]],
    [
      "go with those of their own tenant, whoever it is",
      { a: {}, b: { tenant: "b" }, c: {}, d: { tenant: "b" } },
      {},
      ["ac", "bd"],
    ],
    [
      "stay while the day is not over for long enough",
      { a: {}, b: {} },
      { beforeMs: START_MS + DAY_MS - 1 },
      [],
    ],
    [
      "stay when it was over before others were looked at",
      { a: {}, b: {} },
      { sinceMs: START_MS + DAY_MS },
      [],
    ],
    ["stay when they are too few", { a: {}, b: {} }, { minBlocks: 3 }, []],
    ["stay when they are large", { a: {}, b: { bytes: [6, 6, 9] }, c: {} }, {}, ["ac"]],
    ["stay when they are still to be merged", { a: { level: 2 }, b: { level: 2 } }, {}, []],
    [
      "stay when they are of a tier",
      { a: { level: 4 }, b: { level: 4 }, c: { level: 5 }, d: { level: 5 } },
      {},
      [],
    ],
    ["stay when they are put aside", { a: {}, b: { note: "quarantined" }, c: {} }, {}, ["ac"]],
    ["stay when they failed with others", { a: {}, b: { note: "solo" }, c: {} }, {}, ["ac"]],
  ])("%s", (_, blocks, rule, want) => {
    expect(gathered(blocks, rule)).toEqual(want);
  });

  it.each<[string, Record<string, Sketch>, string[]]>([
    [
      "so many bytes of a service",
      { a: { bytes: [5] }, b: { bytes: [5] }, c: { bytes: [5] }, d: { bytes: [5] } },
      ["ab", "cd"],
    ],
    [
      "so many bytes of each service by itself",
      { a: { bytes: [5, 1] }, b: { bytes: [1, 5] }, c: { bytes: [4, 4] } },
      ["abc"],
    ],
    [
      "so many bytes in all",
      { a: { bytes: [6, 6] }, b: { bytes: [0, 0, 6, 6] }, c: { bytes: [0, 0, 0, 0, 6, 6] } },
      ["ab"],
    ],
    ["so many blocks", { a: {}, b: {}, c: {}, d: {}, e: {}, f: {} }, ["abcd", "ef"]],
    ["what is left of them, if it is enough", { a: {}, b: {}, c: {}, d: {}, e: {} }, ["abcd"]],
  ])("go in portions of at most %s", (_, blocks, want) => {
    expect(gathered(blocks)).toEqual(want);
  });

  it("are summed instead where that is due", () => {
    const cutoffs = [{ tenant: "acme", level: 5, beforeMs: START_MS + DAY_MS }];
    expect(gathered({ a: {}, b: {}, c: { level: 4 } }, {}, { cutoffs })).toEqual(["ab>5", "c>5"]);
  });

  it("are each in one job at most, within all limits", () => {
    const bytes = fc.array(fc.nat(12), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 20 }), (sizes) => {
        const names = sizes.map((_, at) => String.fromCharCode(97 + at));
        const blocks = Object.fromEntries(names.map((name, at) => [name, { bytes: sizes[at]! }]));
        const jobs = gathered(blocks);
        expect(new Set(jobs.join("")).size).toBe(jobs.join("").length);
        for (const job of jobs) {
          const of = job.split("").map((name) => blocks[name]!.bytes);
          expect(job.length).toBeGreaterThanOrEqual(RULE.minBlocks);
          expect(job.length).toBeLessThanOrEqual(LIMITS.maxBlocks);
          expect(of.flat().reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(LIMITS.maxBytes);
          for (const service of [0, 1, 2]) {
            const sum = of.reduce((total, each) => total + (each[service] ?? 0), 0);
            expect(sum).toBeLessThanOrEqual(RULE.maxDatasetBytes);
          }
        }
      }),
    );
  });
});

describe("a plan that gathers", () => {
  const plan = { ...LIMITS, gather: RULE };

  it("is in the log as it was made", () => {
    expect(tierPlanFromWire(tierPlanToWire(plan))).toEqual(plan);
    expect(tierPlanFromWire(tierPlanToWire(LIMITS))).toEqual(LIMITS);
  });

  it("is none with a number that is out of range", () => {
    const wire = tierPlanToWire(plan);
    wire.gather!.maxDatasetBytes = 2n ** 60n;
    expect(tierPlanFromWire(wire)).toMatch(/out of range/u);
  });
});
