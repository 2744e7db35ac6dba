import { describe, expect, it } from "@jest/globals";
import type { BlockMeta, DatasetMeta } from "@hearth/block";
import { seededRandom } from "@hearth/runtime";
import { statusOf } from "../../src/deletions/deletion-status.ts";
import { visibleStats } from "../../src/deletions/visible-data.ts";
import { encodeState, StateDecoder } from "../../src/index-state/snapshot-codec.ts";
import type { MetastoreState } from "../../src/index-state/metastore-state.ts";
import { block, CPU, dataset, labelsOf, MEMORY, START_MS, ulidAt } from "../support/blocks.ts";
import { DeletingState } from "../support/deleting-state.ts";
import { slowDigest } from "../support/slow-digest.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const random = seededRandom(1);
const idAt = (ms: number): string => ulidAt(START_MS + ms, random);

/** Data from a minute to another, both inclusive. */
const from = (firstMinute: number, lastMinute: number, fields: Partial<DatasetMeta> = {}): DatasetMeta =>
  dataset({
    minTimeMs: START_MS + firstMinute * MINUTE_MS,
    maxTimeMs: START_MS + lastMinute * MINUTE_MS,
    ...fields,
  });
const segment = (...datasets: DatasetMeta[]): BlockMeta => block(idAt(0), { datasets });
const ofLevel = (level: number, ...datasets: DatasetMeta[]): BlockMeta =>
  block(idAt(0), { level, tenant: "acme", datasets });
const minute = (n: number): number => START_MS + n * MINUTE_MS;
const written = (
  source: BlockMeta,
  deletionsApplied: number,
  fields: Partial<BlockMeta> = {},
): BlockMeta => ({
  ...source,
  id: idAt(1),
  origin: { sources: [source.id], outputCount: 1, deletionsApplied },
  ...fields,
});

function restored(state: MetastoreState): MetastoreState {
  const decoder = new StateDecoder();
  for (const frame of encodeState(state.capture())) decoder.add(frame);
  return decoder.finish();
}

describe("what queries see of a dataset when something is deleted", () => {
  const POD = { name: "pod", operator: "=", value: "a" } as const;
  const service = (value: string, operator: "=" | "!=" | "=~" = "=") => ({
    name: "service_name",
    operator,
    value,
  });
  const type = (value: string) => ({ name: "__profile_type__", operator: "=", value }) as const;
  it.each([
    { name: "all of the tenant", request: {}, want: [] },
    { name: "another tenant", request: { tenant: "other" }, want: ["shop"] },
    { name: "its service", request: { matchers: [service("shop")] }, want: [] },
    { name: "its service by a pattern", request: { matchers: [service("sh.*", "=~")] }, want: [] },
    { name: "another service", request: { matchers: [service("till")] }, want: ["shop"] },
    { name: "all services but its own", request: { matchers: [service("shop", "!=")] }, want: ["shop"] },
    { name: "a label that only series have", request: { matchers: [POD] }, want: ["shop-0"] },
    { name: "its only profile type", request: { matchers: [type(CPU)] }, want: [] },
    { name: "another profile type", request: { matchers: [type(MEMORY)] }, want: ["shop"] },
    { name: "exactly its time", request: { startMs: minute(10), endMs: minute(20) + 1 }, want: [] },
    {
      name: "all but its last millisecond",
      request: { startMs: minute(10), endMs: minute(20) },
      want: ["shop-0"],
    },
    { name: "all but its first", request: { startMs: minute(10) + 1 }, want: ["shop-0"] },
    { name: "what is before", request: { endMs: minute(10) }, want: ["shop"] },
    { name: "what is after", request: { startMs: minute(20) + 1 }, want: ["shop"] },
  ])("$name", ({ request, want }) => {
    const run = new DeletingState();
    run.register(segment(from(10, 20), from(10, 20, { tenant: "other" })));
    run.delete(request);
    expect(run.visible()).toEqual(want);
    // What comes after the request is seen no more than what was there.
    run.register(segment(from(10, 20)));
    expect(run.visible()).toEqual([...want, ...want]);
  });

  it("leaves out label sets of profile types that are covered, of each dataset by itself", () => {
    const run = new DeletingState();
    const labelSets = [labelsOf("shop", CPU), labelsOf("shop", MEMORY)];
    run.register(segment(from(0, 10, { labelSets })));
    const types = (): string[] => run.labels().labelSets.map((set) => set[0]!.value);
    run.delete({ matchers: [type(CPU)], endMs: minute(11) });
    expect(types()).toEqual([MEMORY]);
    run.register(segment(from(20, 30, { labelSets })));
    expect(types()).toEqual([MEMORY, CPU]);
  });

  it("says so when labels are only known of datasets that are covered in part", () => {
    const run = new DeletingState();
    run.register(segment(from(0, 10)));
    run.delete({ matchers: [POD] });
    expect(run.labels()).toMatchObject({ mayBeDeleted: true });
    run.nowMs += 1;
    run.delete({ tenant: "other" });
    run.register(segment(from(0, 10, { service: "till" })));
    expect(run.labels().labelSets).toHaveLength(2);
  });

  it("counts for the tenant only what is left", () => {
    const run = new DeletingState();
    run.register(segment(from(0, 10)), segment(from(20, 30)), segment(from(0, 10, { tenant: "other" })));
    const stats = (tenant: string) => visibleStats(run.state.index, run.state.deletions, tenant);
    run.delete({ endMs: minute(15) });
    expect(stats("acme")).toMatchObject({ blockCount: 1, minTimeMs: minute(20), maxTimeMs: minute(30) });
    run.delete();
    expect(stats("acme")).toBeUndefined();
    expect(stats("other")).toMatchObject({ blockCount: 1 });
  });
});

describe("a request to delete", () => {
  it("never covers what is taken after it", () => {
    const run = new DeletingState();
    const number = run.delete({ endMs: run.nowMs + HOUR_MS });
    expect(run.state.deletions.table.get(number)).toMatchObject({ startMs: 0, endMs: run.nowMs + 1 });
  });

  it("is the same one when it comes again", () => {
    const run = new DeletingState();
    const requestId = "0123456789abcdef";
    const first = run.delete({ requestId });
    run.nowMs += 5;
    expect(run.delete({ requestId })).toBe(first);
    expect(run.delete({ requestId, tenant: "other" })).not.toBe(first);
    expect(run.delete()).toBeGreaterThan(first);
  });

  it.each([
    { name: "from the future", request: { startMs: START_MS * 2 }, want: /start is not in the past/u },
    {
      name: "with an end before its start",
      request: { startMs: 9, endMs: 9 },
      want: /start must be before end/u,
    },
    { name: "of no tenant", request: { tenant: "a/b" }, want: /tenant is invalid/u },
    {
      name: "with a bad pattern",
      request: { matchers: [{ name: "pod", operator: "=~" as const, value: "(" }] },
      want: /\(/u,
    },
  ])("is rejected $name", ({ request, want }) => {
    const run = new DeletingState();
    expect(run.request(request)).toMatchObject({ type: "rejected", reason: expect.stringMatching(want) });
    expect(run.state.deletions.table.lastNumber).toBe(0);
  });

  it("is refused beyond the limit of its tenant", () => {
    const run = new DeletingState();
    run.delete({ maxInForce: 1 });
    expect(run.request({ maxInForce: 1 })).toEqual({
      type: "deletion-refused",
      reason: "the tenant has too many deletions in force: tenant=acme count=1 limit=1",
    });
    expect(run.request({ maxInForce: 1, tenant: "other" })).toMatchObject({ type: "deletion-requested" });
  });

  it("has a number above all that any registered block names, as after the loss of the state", () => {
    const run = new DeletingState();
    const ahead = run.nowMs + HOUR_MS;
    run.register(written(ofLevel(1, from(0, 10)), ahead));
    expect(run.delete()).toBe(ahead + 1);
    expect(run.visible()).toEqual([]);
  });
});

describe("blocks with deleted rows", () => {
  it("leave at the next poll when they hold nothing else, at any level and out of any job", () => {
    const run = new DeletingState();
    const blocks = [0, 1, 2, 3].map((level) =>
      level === 0 ? segment(from(0, 10)) : ofLevel(level, from(0, 10)),
    );
    const kept = segment(from(0, 10), from(0, 10, { tenant: "other" }));
    run.register(...blocks, kept);
    run.poll();
    run.delete();
    run.poll({ jobCapacity: 0 });
    expect(Array.from(run.state.index.places(), ({ id }) => id)).toEqual([kept.id]);
    expect(run.state.compaction.tombstones.presentCount).toBe(4);
  });

  it.each([1, 2, 3])("are written anew on level %i when no merge took them in time", (level) => {
    const run = new DeletingState();
    const source = ofLevel(level, from(0, 10));
    run.register(source);
    const number = run.delete({ endMs: minute(5) });
    expect(run.poll().assigned).toEqual([]);
    run.nowMs += run.settings.rewriteDelayMs;
    const [claim] = run.poll().assigned;
    const job = run.state.compaction.jobs.get(claim!.job);
    expect(job).toMatchObject({ isRewrite: true, deletionsUpTo: number, blocks: [source.id], level });
    expect(run.state.deletions.ofBlocks([source.id], number).map((one) => one.number)).toEqual([number]);
    const fewer = written(source, number, { datasets: [from(0, 10, { profileCount: 2 })] });
    expect(run.finish(claim!, [fewer], { acme: 1 }).refusals).toEqual([]);
    expect(run.visible()).toEqual(["shop"]);
    run.nowMs += 10 * run.settings.rewriteDelayMs;
    expect(
      run.poll().assigned.filter(({ job: one }) => run.state.compaction.jobs.get(one)?.type === "compaction"),
    ).toEqual([]);
  });

  it("become blocks of level 1 when they are segments, and may become none", () => {
    const run = new DeletingState();
    const source = segment(from(0, 10));
    run.register(source);
    const number = run.delete({ matchers: [{ name: "pod", operator: "=", value: "a" }] });
    run.nowMs += run.settings.rewriteDelayMs;
    const [claim] = run.poll().assigned;
    expect(run.state.compaction.jobs.get(claim!.job)).toMatchObject({
      isRewrite: false,
      deletionsUpTo: number,
    });
    expect(run.finish(claim!, [], { acme: 3 }).refusals).toEqual([]);
    expect(run.state.index.blockCount).toBe(0);
  });

  it("are given to no worker that does not know of deletions", () => {
    const run = new DeletingState();
    run.register(...Array.from({ length: 20 }, () => segment(from(0, 10))));
    run.delete({ endMs: minute(5) });
    run.nowMs += run.settings.rewriteDelayMs;
    expect(run.poll({ appliesDeletions: false }).assigned).toEqual([]);
    expect(run.poll().assigned).toHaveLength(1);
  });

  it("are touched still when the job that wrote them did not know of the deletion", () => {
    const run = new DeletingState();
    const sources = Array.from({ length: 20 }, () => segment(from(0, 10)));
    run.register(...sources);
    const [claim] = run.poll().assigned;
    run.delete({ endMs: minute(5) });
    const output = block(idAt(1), {
      level: 1,
      tenant: "acme",
      datasets: [from(0, 10, { profileCount: 60 })],
    });
    expect(run.finish(claim!, [output]).refusals).toEqual([]);
    expect(run.visible()).toEqual(["shop-0"]);
    run.nowMs += run.settings.rewriteDelayMs;
    const [again] = run.poll().assigned;
    expect(run.state.compaction.jobs.get(again!.job)).toMatchObject({ isRewrite: true, blocks: [output.id] });
  });

  it("are not asked for when they are quarantined, and keep the deletion from being done", () => {
    const run = new DeletingState();
    const source = ofLevel(3, from(0, 10));
    run.register(source);
    const number = run.delete({ endMs: minute(5) });
    run.state.compaction.notes.set(source.id, { type: "quarantined", reason: "damaged", sinceMs: 0 });
    run.nowMs += run.settings.rewriteDelayMs;
    expect(run.poll().assigned).toEqual([]);
    const deletion = run.state.deletions.table.get(number)!;
    expect(statusOf(run.state, deletion)).toMatchObject({
      stage: "rewriting",
      touchedBlocks: 1,
      quarantinedBlocks: 1,
    });
  });
});

describe("a deletion", () => {
  it("goes from rewriting over removing to gone, and ends when it was kept long enough", () => {
    const run = new DeletingState();
    run.register(segment(from(0, 10)));
    const number = run.delete();
    const stage = (): string => statusOf(run.state, run.state.deletions.table.get(number)!).stage;
    expect(stage()).toBe("rewriting");
    expect(run.poll().deletionsDone).toEqual([]);
    expect(stage()).toBe("removing");
    run.removeObjects();
    expect(stage()).toBe("gone");
    run.nowMs += run.settings.deletionKeepMs - 1;
    run.poll();
    expect(stage()).toBe("gone");
    run.nowMs += 1;
    run.poll();
    expect(stage()).toBe("ended");
    run.register(segment(from(0, 10)));
    expect(run.visible()).toEqual(["shop"]);
  });

  it("is done at once when there is nothing to do", () => {
    const run = new DeletingState();
    const number = run.delete();
    run.poll();
    expect(run.poll().deletionsDone).toEqual([number]);
  });

  it("is open again as soon as something comes late, though it leaves again before anybody looks", () => {
    const run = new DeletingState();
    const number = run.delete();
    run.poll();
    run.poll();
    run.register(segment(from(0, 10)));
    expect(run.state.deletions.table.get(number)).toMatchObject({ clearedMs: undefined, goneMs: undefined });
    run.poll();
    expect(run.state.index.blockCount).toBe(0);
    expect(run.poll().deletionsDone).toEqual([]);
    run.removeObjects();
    expect(run.state.deletions.table.get(number)!.goneMs).toBe(run.nowMs);
  });

  it("touches a block once, whatever became of it while datasets of several services were seen", () => {
    const run = new DeletingState();
    const POD = [{ name: "pod", operator: "=" as const, value: "a" }];
    run.register(ofLevel(3, from(0, 10)), segment(from(0, 10, { tenant: "other" })));
    const number = run.delete({ matchers: POD });
    run.nowMs += run.settings.rewriteDelayMs;
    const [claim] = run.poll().assigned;
    run.finish(claim!, [], { acme: 3 });
    run.poll();
    // One kind is known from before the deletion was cleared, the other is new.
    const both = segment(from(0, 10), from(0, 10, { service: "till", offset: 400 }));
    run.register(both);
    expect(run.state.deletions.touched.get(both.id)!.deletions).toEqual([number]);
    expect(run.visible()).toEqual(["shop-0", "till-0"]);
  });

  it("is the same after a snapshot, with what it touches, and its jobs", () => {
    const run = new DeletingState();
    run.register(ofLevel(3, from(0, 10)), segment(from(0, 10)), segment(from(0, 10, { tenant: "other" })));
    run.delete({
      endMs: minute(5),
      requestId: "0123456789ab\u00ff\u0000ef",
      matchers: [{ name: "pod", operator: "!~", value: "ü.*" }],
    });
    run.delete({ tenant: "other" });
    run.nowMs += run.settings.rewriteDelayMs;
    run.poll();
    run.poll();
    const again = restored(run.state);
    expect(again.digest()).toBe(run.state.digest());
    expect(run.state.digest()).toBe(slowDigest(run.state));
    expect([...again.deletions.touched.all()]).toEqual([...run.state.deletions.touched.all()]);
    expect([...again.compaction.jobs.all()]).toEqual([...run.state.compaction.jobs.all()]);
    const text = (state: MetastoreState): string => JSON.stringify(state.capture().deletions);
    expect(text(again)).toBe(text(run.state));
  });
});
