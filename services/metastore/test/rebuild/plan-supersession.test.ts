import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { seededRandom } from "@hearth/runtime";
import { packOrigin, type MergedBlock } from "../../src/rebuild/group-outputs.ts";
import { planSupersession, type SupersessionPlan } from "../../src/rebuild/plan-supersession.ts";
import { BucketHistory, bucketOf } from "../support/bucket-history.ts";
import { START_MS, ulidAt } from "../support/blocks.ts";

const random = seededRandom(11);
/** In the order of their names. */
const ids = Object.fromEntries(
  Array.from("abcdefghijklmnop", (name, at) => [name, ulidAt(START_MS + at * 1_000, random)]),
);
const nameOf = new Map(Object.entries(ids).map(([name, id]) => [id, name]));

interface Output {
  readonly sources: string;
  readonly of?: number;
  readonly level?: number;
  readonly tenant?: string;
  /** Written anew, with deletions up to this number. */
  readonly anew?: number;
}

/** Names what is in the bucket: segments by their letters, outputs by letter and origin. */
function plan(segments: string, outputs: Record<string, Output>): Record<keyof SupersessionPlan, string> {
  const merged = Object.entries(outputs).map(
    ([name, { sources, of = 1, level = 1, tenant = "acme", anew }]) => ({
      id: ids[name]!,
      shard: 1,
      level,
      tenant,
      minTimeMs: START_MS,
      origin: packOrigin({
        sources: Array.from(sources, (source) => ids[source]!),
        outputCount: of,
        ...(anew !== undefined && { isRewrite: true, deletionsApplied: anew }),
      }),
    }),
  );
  const { superseded, orphaned, doubtful } = planSupersession({
    segments: Array.from(segments, (name) => ({ id: ids[name]!, shard: 1 })),
    merged,
  });
  return { superseded: named(superseded), orphaned: named(orphaned), doubtful: named(doubtful) };
}

function named(set: ReadonlySet<string>): string {
  const sorted = [...set].toSorted((a, b) => (a < b ? -1 : 1));
  return sorted.map((id) => nameOf.get(id)).join("");
}

const acme = (sources: string, of: number): Output => ({ sources, of, tenant: "acme" });
const other = (sources: string, of: number): Output => ({ sources, of, tenant: "other" });
const nothing = { superseded: "", orphaned: "", doubtful: "" };

describe("planSupersession", () => {
  it.each<{ name: string; segments: string; outputs: Record<string, Output>; want: Partial<typeof nothing> }>(
    [
      { name: "segments alone are registered", segments: "abc", outputs: {}, want: {} },
      {
        name: "all outputs of a job are taken instead of its sources",
        segments: "abc",
        outputs: { k: acme("ab", 2), l: other("ab", 2) },
        want: { superseded: "ab" },
      },
      {
        name: "a block that was written anew is taken instead of its source",
        segments: "",
        outputs: { k: acme("ab", 1), l: { sources: "k", anew: 7 } },
        want: { superseded: "k" },
      },
      {
        name: "of a chain of such blocks the last",
        segments: "ab",
        outputs: { m: acme("ab", 1), l: { sources: "m", anew: 7 }, k: { sources: "l", anew: 9 } },
        want: { superseded: "ablm" },
      },
      {
        name: "also when blocks between are gone",
        segments: "",
        outputs: { k: { sources: "l", anew: 9 } },
        want: {},
      },
      {
        name: "a sibling of a block that was written anew counts, and so do both",
        segments: "ab",
        outputs: { k: acme("ab", 2), l: other("ab", 2), m: { sources: "k", anew: 7 } },
        want: { superseded: "abk" },
      },
      {
        name: "also when the source is gone, while its own sources are there",
        segments: "ab",
        outputs: { l: other("ab", 2), m: { sources: "k", anew: 7 } },
        want: { orphaned: "l", doubtful: "ab" },
      },
      {
        name: "what was made of a block that was written anew is taken instead of it",
        segments: "",
        outputs: { k: acme("ab", 1), l: { sources: "k", anew: 7 }, m: { sources: "l", level: 2 } },
        want: { superseded: "kl" },
      },
      {
        name: "a block that was written anew is orphaned by a merge of its source",
        segments: "",
        outputs: { k: acme("ab", 1), l: { sources: "k", anew: 7 }, m: { sources: "k", level: 2 } },
        want: { superseded: "k", orphaned: "l" },
      },
      {
        name: "also when some sources are deleted already",
        segments: "b",
        outputs: { k: acme("ab", 2), l: other("ab", 2) },
        want: { superseded: "b" },
      },
      {
        name: "outputs that are not all there are left out while their sources are",
        segments: "abc",
        outputs: { k: acme("ab", 2) },
        want: { orphaned: "k" },
      },
      {
        name: "outputs whose siblings and sources are gone are registered",
        segments: "c",
        outputs: { k: acme("ab", 2) },
        want: {},
      },
      {
        name: "outputs whose siblings are gone are registered beside sources that are left",
        segments: "b",
        outputs: { k: acme("ab", 2) },
        want: { doubtful: "b" },
      },
      {
        name: "a job over outputs supersedes them, and they their sources",
        segments: "ab",
        outputs: { k: acme("ab", 1), m: { sources: "k", level: 2 } },
        want: { superseded: "abk" },
      },
      {
        name: "what was compacted further was registered, though a sibling is missing",
        segments: "ab",
        outputs: { k: acme("ab", 2), m: { sources: "k", level: 2 } },
        want: { superseded: "k", doubtful: "ab" },
      },
      {
        name: "of two jobs with a common source the one with the smallest output counts",
        segments: "abc",
        outputs: { k: acme("bc", 1), l: acme("ab", 1) },
        want: { superseded: "bc", orphaned: "l" },
      },
      {
        name: "unless the other one has something that is nowhere else",
        segments: "bc",
        outputs: { k: acme("bc", 1), l: acme("ab", 1) },
        want: { superseded: "b", orphaned: "k" },
      },
      {
        name: "or was compacted further",
        segments: "abc",
        outputs: { k: acme("bc", 1), l: acme("ab", 1), m: { sources: "l", level: 2 } },
        want: { superseded: "abl", orphaned: "k" },
      },
      {
        name: "both count when each has something that is nowhere else",
        segments: "b",
        outputs: { k: acme("bc", 1), l: acme("ab", 1) },
        want: { superseded: "b", doubtful: "l" },
      },
      {
        name: "a job that was taken apart is left out when all of its parts are there",
        segments: "",
        outputs: { k: acme("ab", 1), l: acme("a", 1), m: acme("b", 1) },
        want: { orphaned: "lm" },
      },
      {
        name: "of two blocks of the same rows the one that was compacted further is kept",
        segments: "",
        outputs: { k: acme("ab", 1), l: acme("ab", 1), m: { sources: "l", level: 2 } },
        want: { superseded: "l", orphaned: "k" },
      },
      {
        name: "a block of a tier is taken instead of its sources, whatever their level was",
        segments: "",
        outputs: {
          k: { sources: "ab", level: 3 },
          l: { sources: "k", level: 5 },
          m: { sources: "l", level: 6 },
          n: { sources: "cd", level: 3 },
          o: { sources: "n", level: 6 },
        },
        want: { superseded: "kln" },
      },
      {
        name: "a block of a tier is not made of blocks that will be merged",
        segments: "",
        outputs: { k: { sources: "ab", level: 2 }, l: { sources: "k", level: 5 } },
        want: {},
      },
      {
        name: "sums of the same block for two tiers: one counts",
        segments: "",
        outputs: {
          k: { sources: "ab", level: 3 },
          l: { sources: "k", level: 6 },
          m: { sources: "k", level: 5 },
        },
        want: { superseded: "k", orphaned: "m" },
      },
      {
        name: "also when a common source is gone, and only one of them tells its level",
        segments: "",
        outputs: {
          k: { sources: "a", level: 3 },
          l: { sources: "kb", level: 5 },
          m: { sources: "bc", level: 6 },
          n: { sources: "cd", level: 5 },
        },
        want: { superseded: "k", orphaned: "m" },
      },
      {
        name: "a block of a tier that was written anew is taken instead of its source",
        segments: "",
        outputs: { k: { sources: "a", level: 6 }, l: { sources: "k", level: 6, anew: 7 } },
        want: { superseded: "k" },
      },
      {
        name: "a segment that may have gone into a block that is gone is doubtful",
        segments: "ac",
        outputs: { m: { sources: "b", level: 2 } },
        want: { doubtful: "a" },
      },
      {
        name: "a source of the wrong level makes an origin void",
        segments: "a",
        outputs: { k: { sources: "al", of: 1, level: 2 }, l: { sources: "k", level: 2 } },
        want: {},
      },
      { name: "nothing stands for itself", segments: "", outputs: { k: acme("k", 1) }, want: {} },
    ],
  )("$name", ({ segments, outputs, want }) => {
    expect(plan(segments, outputs)).toEqual({ ...nothing, ...want });
  });

  it("goes by nothing where blocks do not say what they were made from", () => {
    const merged: MergedBlock[] = [
      { id: ids["k"]!, shard: 1, level: 1, tenant: "acme", minTimeMs: START_MS, origin: undefined },
    ];
    const { superseded, orphaned, doubtful } = planSupersession({
      segments: [{ id: ids["a"]!, shard: 1 }],
      merged,
    });
    expect([...superseded, ...orphaned, ...doubtful]).toEqual([]);
  });
});

const dice = fc.array(fc.nat({ max: 1_000 }), { minLength: 40, maxLength: 400, size: "max" });
/** A history is not made smaller: that takes longer than to find out what is wrong with a large one. */
const RUNS = { numRuns: 200, endOnFailure: true };
type Objects = BucketHistory["objects"];

/** How often the blocks that are to be registered hold each row that is in the bucket. */
function timesHeld(objects: Objects, { superseded, orphaned }: SupersessionPlan): Map<string, number> {
  const held = new Map<string, number>();
  for (const { id, rows } of objects.values()) {
    const isRegistered = !superseded.has(id) && !orphaned.has(id);
    for (const row of rows) held.set(row, (held.get(row) ?? 0) + (isRegistered ? 1 : 0));
  }
  return held;
}

function rowsOf(objects: Objects): string[] {
  return [...objects.values()].flatMap(({ rows }) => [...rows]).toSorted();
}

describe("of a bucket with any history", () => {
  const disorder = { deletesInOrder: false, hasRetries: true };

  it("no row is lost, and none is twice unless something is doubtful", () => {
    fc.assert(
      fc.property(dice, (rolls) => {
        const history = new BucketHistory(disorder, rolls);
        const decided = planSupersession(history.bucket());
        const held = timesHeld(history.objects, decided);
        const most = decided.doubtful.size > 0 ? Infinity : 1;
        expect([...held].filter(([, times]) => times < 1 || times > most)).toEqual([]);
        expect([...decided.superseded].filter((id) => decided.orphaned.has(id))).toEqual([]);
      }),
      RUNS,
    );
  });

  it("no row is lost that is somewhere, whatever else is gone", () => {
    fc.assert(
      fc.property(dice, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (rolls, seed, share) => {
        const { objects } = new BucketHistory(disorder, rolls);
        const chance = seededRandom(seed);
        for (const id of objects.keys()) if (chance.next() < share) objects.delete(id);
        const held = timesHeld(objects, planSupersession(bucketOf(objects.values())));
        expect([...held].filter(([, times]) => times < 1)).toEqual([]);
      }),
      RUNS,
    );
  });

  it("the order in which it is listed changes nothing", () => {
    fc.assert(
      fc.property(dice, (rolls) => {
        const { objects } = new BucketHistory(disorder, rolls);
        const there = planSupersession(bucketOf(objects.values()));
        const back = planSupersession(bucketOf([...objects.values()].toReversed()));
        expect(sorted(back)).toEqual(sorted(there));
      }),
      RUNS,
    );
  });
});

describe("of a bucket in which nothing went wrong but that workers ended", () => {
  const order = { deletesInOrder: true, hasRetries: false };

  it("each row of the index is there once", () => {
    fc.assert(
      fc.property(dice, (rolls) => {
        const { objects, registered } = new BucketHistory(order, rolls);
        const { superseded, orphaned } = planSupersession(bucketOf(objects.values()));
        const kept = new Map([...objects].filter(([id]) => !superseded.has(id) && !orphaned.has(id)));
        expect(rowsOf(kept)).toEqual(rowsOf(registered));
      }),
      RUNS,
    );
  });

  it("what is left when the superseded and the orphaned are removed is all registered", () => {
    fc.assert(
      fc.property(dice, (rolls) => {
        const { objects } = new BucketHistory(order, rolls);
        const { superseded, orphaned } = planSupersession(bucketOf(objects.values()));
        for (const id of [...superseded, ...orphaned]) objects.delete(id);
        const again = planSupersession(bucketOf(objects.values()));
        expect([...again.superseded, ...again.orphaned]).toEqual([]);
      }),
      RUNS,
    );
  });
});

function sorted({ superseded, orphaned, doubtful }: SupersessionPlan): string[][] {
  return [superseded, orphaned, doubtful].map((set) => [...set].toSorted());
}
