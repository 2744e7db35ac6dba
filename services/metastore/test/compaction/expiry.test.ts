import { describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";
import { Compaction } from "../../src/compaction/compaction.ts";
import { defaultCompactionSettings } from "../../src/compaction/compaction-settings.ts";
import { expiredBlocks } from "../../src/compaction/expiry.ts";
import { checkCompaction } from "../../src/compaction/invariants.ts";
import { cutoffsOf } from "../../src/compaction/retention.ts";
import { Deletions } from "../../src/deletions/deletions.ts";
import { BlockIndex } from "../../src/index-state/block-index.ts";
import { block, dataset, START_MS, ulidAt } from "../support/blocks.ts";

const HOUR_MS = 3_600_000;
const random = seededRandom(3);

/** A block that was made at `hour`, with data of tenants until given hours. */
function blockAt(hour: number, newest: Record<string, number>, level = 0) {
  const datasets = Object.entries(newest).map(([tenant, until], n) =>
    dataset({
      tenant,
      minTimeMs: START_MS,
      maxTimeMs: START_MS + until * HOUR_MS,
      offset: n * 400,
    }),
  );
  const tenant = level > 0 ? Object.keys(newest)[0]! : "";
  return block(ulidAt(START_MS + hour * HOUR_MS, random), { datasets, level, tenant });
}

const at = (hour: number): number => START_MS + hour * HOUR_MS;

describe("what is too old", () => {
  const old = blockAt(9, { acme: 2 }, 1);
  const young = blockAt(8, { acme: 7 }, 1);
  const edge = blockAt(7, { acme: 5 }, 1);
  const others = blockAt(6, { globex: 1 }, 1);
  const both = blockAt(5, { acme: 2, globex: 2 });
  const index = new BlockIndex();
  for (const one of [old, young, edge, others, both]) index.add(one, 0);

  it.each<[string, Record<string, number>, readonly { id: string }[]]>([
    ["goes by the time of the data, not by when it was pushed", { acme: at(5) }, [old]],
    ["is what is older than the time, not what is as old", { acme: at(5) + 1 }, [edge, old]],
    ["is only that of the tenants that are named", { globex: at(5) }, [others]],
    ["is a segment when the data of all its tenants is", { acme: at(5), globex: at(5) }, [both, others, old]],
    ["is nothing without a tenant", {}, []],
    ["is nothing before all data", { acme: START_MS, globex: START_MS }, []],
  ])("%s", (_, cutoffs, want) => {
    const found = expiredBlocks(index, { cutoffs: new Map(Object.entries(cutoffs)), maxBlocks: 10 });
    expect(found.map(({ id }) => id)).toEqual(want.map(({ id }) => id).toSorted());
  });

  it("is taken in portions, the oldest first", () => {
    const cutoffs = new Map([
      ["acme", at(5)],
      ["globex", at(5)],
    ]);
    const ids = expiredBlocks(index, { cutoffs, maxBlocks: 2 }).map(({ id }) => id);
    expect(ids).toEqual([both.id, others.id].toSorted());
  });
});

describe("the time before which data goes", () => {
  const days: Record<string, number> = { acme: 1, globex: 30, umbrella: 0 };
  const retentionMsOf = (tenant: string): number => (days[tenant] ?? 0) * 24 * HOUR_MS;

  it("is that of each tenant, with some grace; who keeps everything has none", () => {
    const given = { nowMs: at(0), graceMs: HOUR_MS, retentionMsOf };
    expect([...cutoffsOf(["acme", "globex", "umbrella", "other"], given)]).toEqual([
      ["acme", at(-25)],
      ["globex", at(-24 * 30 - 1)],
    ]);
  });

  it("is none while there is less time behind than is to be kept", () => {
    expect(cutoffsOf(["acme"], { nowMs: HOUR_MS, graceMs: 0, retentionMsOf }).size).toBe(0);
  });
});

describe("a block that expires", () => {
  it("leaves the index, whether it waits, is in a job, is put aside or final, and is deleted like any other", () => {
    const index = new BlockIndex();
    const deletions = new Deletions(index);
    const compaction = new Compaction(index, deletions);
    const segments = Array.from({ length: 45 }, (_, n) => blockAt(n / 100, { acme: n < 30 ? 1 : 9 }));
    const final = blockAt(3, { acme: 1 }, 3);
    for (const one of [...segments, final]) compaction.addBlock(one, 0);
    compaction.poll(
      {
        worker: "w",
        jobCapacity: 2,
        byteCapacity: 1e9,
        held: [],
        reports: [],
        settings: defaultCompactionSettings,
        appliesDeletions: true,
        sumsRows: true,
      },
      at(10),
    );
    compaction.notes.set(segments[44]!.id, { type: "solo" });
    expect(compaction.jobs.count).toBe(2);
    const gone = compaction.expire({ cutoffs: new Map([["acme", at(5)]]), maxBlocks: 100 }, at(11));
    expect(gone).toBe(31);
    expect(checkCompaction(index, { compaction, deletions })).toEqual([]);
    expect(Array.from(index.places(), ({ id }) => id).toSorted()).toEqual(
      segments
        .slice(30)
        .map(({ id }) => id)
        .toSorted(),
    );
    expect(compaction.jobs.count).toBe(0);
    expect(compaction.tombstones.presentCount).toBe(31);
    expect(compaction.tombstones.get(final.id)?.sinceMs).toBe(at(11));
  });
});
