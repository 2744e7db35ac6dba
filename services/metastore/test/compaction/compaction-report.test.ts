import { describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";
import { compactionReport, type CompactionReport } from "../../src/compaction/compaction-report.ts";
import { defaultCompactionSettings } from "../../src/compaction/compaction-settings.ts";
import { MetastoreState } from "../../src/index-state/metastore-state.ts";
import { block, dataset, START_MS, ulidAt } from "../support/blocks.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const random = seededRandom(5);
const settings = {
  plan: defaultCompactionSettings,
  graceMs: HOUR_MS,
  retentionMsOf: () => 0,
  tierAgesOf: () => ({}),
};

function blockOf(level: number, { shard = 1, afterMs = 0 } = {}) {
  const tenant = level === 0 ? "" : "acme";
  return block(ulidAt(START_MS + afterMs, random), { level, tenant, shard });
}

function stateOf(blocks: readonly ReturnType<typeof block>[]): MetastoreState {
  const state = new MetastoreState();
  for (const one of blocks) state.compaction.addBlock(one, START_MS);
  return state;
}

function levelOf(report: CompactionReport, level: number) {
  return report.levels.find((one) => one.level === level);
}

describe("the report on compaction", () => {
  it("of nothing is empty", () => {
    expect(compactionReport(new MetastoreState(), settings)).toEqual({
      logTimeMs: 0,
      levels: [],
      jobs: [],
      jobCount: 0,
      quarantined: [],
      quarantinedCount: 0,
      tombstones: { storedCount: 0, storedBytes: 0, oldestSinceMs: undefined, deletedCount: 0 },
      tenants: [],
      tenantCount: 0,
    });
  });

  it("tells the blocks of each level, and which of them wait", () => {
    const segments = [0, 1, 2].map((n) => blockOf(0, { afterMs: n }));
    const lone = blockOf(0, { shard: 2, afterMs: -HOUR_MS });
    const final = blockOf(3);
    const report = compactionReport(stateOf([...segments, lone, final]), settings);
    const { sizeBytes } = final;
    expect(report.levels.map(({ level }) => level)).toEqual([0, 3]);
    expect(levelOf(report, 0)).toMatchObject({
      blockCount: 4,
      sizeBytes: 4 * sizeBytes,
      waitingBlockCount: 4,
      waitingBytes: 4 * sizeBytes,
      queueCount: 2,
      // The lone one is older, and waits for nothing that could be done.
      oldestWaitingMs: START_MS,
    });
    expect(levelOf(report, 3)).toMatchObject({ blockCount: 1, waitingBlockCount: 0, queueCount: 0 });
  });

  it("counts the jobs that could begin", () => {
    const full = Array.from({ length: 20 }, (_, n) => blockOf(0, { afterMs: n }));
    expect(levelOf(compactionReport(stateOf(full), settings), 0)?.readyJobCount).toBe(1);
    expect(levelOf(compactionReport(stateOf(full.slice(1)), settings), 0)?.readyJobCount).toBe(0);
  });

  it("names the blocks that were put aside, the first hundred, and how many there are", () => {
    const blocks = Array.from({ length: 101 }, (_, n) => blockOf(0, { afterMs: n }));
    const state = stateOf(blocks);
    for (const { id } of blocks) {
      state.compaction.notes.set(id, { type: "quarantined", reason: "a bad crc", sinceMs: START_MS });
    }
    state.compaction.notes.set(blockOf(0).id, { type: "solo" });
    const { quarantined, quarantinedCount } = compactionReport(state, settings);
    expect(quarantinedCount).toBe(101);
    expect(quarantined).toHaveLength(100);
    expect(quarantined[0]).toMatchObject({
      block: { id: blocks[0]!.id, shard: 1, level: 0 },
      reason: "a bad crc",
      sinceMs: START_MS,
    });
  });

  it("tells what is to be deleted, and since when", () => {
    const state = stateOf([]);
    const [first, second, gone] = [blockOf(1), blockOf(1), blockOf(1)];
    state.compaction.tombstones.add(gone, START_MS);
    state.compaction.tombstones.add(first, START_MS + 1);
    state.compaction.tombstones.add(second, START_MS + 2);
    state.compaction.tombstones.noteDeleted(gone.id, START_MS + 3);
    expect(compactionReport(state, settings).tombstones).toEqual({
      storedCount: 2,
      storedBytes: first.sizeBytes + second.sizeBytes,
      oldestSinceMs: START_MS + 1,
      deletedCount: 1,
    });
  });

  it("tells what is kept of each tenant, and from when to when it goes", () => {
    const datasets = [
      dataset({ tenant: "acme", minTimeMs: START_MS, maxTimeMs: START_MS + HOUR_MS }),
      dataset({ tenant: "globex", offset: 400 }),
    ];
    const state = stateOf([block(ulidAt(START_MS, random), { datasets })]);
    const retentionMsOf = (tenant: string): number => (tenant === "acme" ? 24 * HOUR_MS : 0);
    const { tenants, tenantCount } = compactionReport(state, { ...settings, retentionMsOf });
    expect(tenantCount).toBe(2);
    expect(tenants).toMatchObject([
      {
        tenant: "acme",
        stats: { blockCount: 1, minTimeMs: START_MS, maxTimeMs: START_MS + HOUR_MS },
        retentionMs: 24 * HOUR_MS,
        expiry: { beginsMs: START_MS + 25 * HOUR_MS, endsMs: START_MS + 26 * HOUR_MS },
      },
      { tenant: "globex", retentionMs: 0, expiry: undefined, tiers: [] },
    ]);
  });

  it("tells what of each tenant is summed, and what it wants summed", () => {
    const state = stateOf([blockOf(3), blockOf(4), blockOf(5), blockOf(5), blockOf(6)]);
    const { sizeBytes } = blockOf(5);
    const tierAgesOf = () => ({ "5m": 24 * HOUR_MS });
    const tiersWith = (fields: object) =>
      compactionReport(state, { ...settings, ...fields }).tenants[0]?.tiers;
    expect(tiersWith({ tierAgesOf })).toEqual([
      { level: 5, afterMs: 24 * HOUR_MS, blockCount: 2, sizeBytes: 2 * sizeBytes },
      { level: 6, afterMs: 0, blockCount: 1, sizeBytes },
    ]);
    const unsummed = stateOf([blockOf(3)]);
    expect(compactionReport(unsummed, { ...settings, tierAgesOf }).tenants[0]?.tiers).toEqual([
      { level: 5, afterMs: 24 * HOUR_MS, blockCount: 0, sizeBytes: 0 },
    ]);
  });
});
