import { describe, expect, it } from "@jest/globals";
import type { BlockMeta } from "@hearth/block";
import { seededRandom } from "@hearth/runtime";
import { BlockIndex } from "../../src/index-state/block-index.ts";
import { queryLabels, queryMetadata, type MetadataQuery } from "../../src/index-state/query.ts";
import { block, CPU, dataset, labelsOf, MEMORY, START_MS, ulidAt } from "../support/blocks.ts";
import { noDeletions } from "../support/deletions.ts";

const HOUR_MS = 3_600_000;
const random = seededRandom(11);

function anyBlock(n: number): BlockMeta {
  const tenants = ["acme", "globex"].slice(0, 1 + (n % 2));
  const level = n % 5 === 0 ? 1 : 0;
  const datasets = (level > 0 ? ["acme"] : tenants).map((tenant, at) => {
    const service = `service-${Math.floor(random.next() * 4)}`;
    const minTimeMs = START_MS + Math.floor(random.next() * 20 * HOUR_MS);
    return dataset({
      tenant,
      service,
      minTimeMs,
      maxTimeMs: minTimeMs + 1_000,
      offset: at * 400,
      labelSets: [labelsOf(service, random.next() < 0.5 ? CPU : MEMORY)],
    });
  });
  const createdMs = START_MS + Math.floor(random.next() * 20 * HOUR_MS);
  const shard = 1 + (n % 3);
  return block(ulidAt(createdMs, random), { level, tenant: level > 0 ? "acme" : "", shard, datasets });
}

/** Everything that an index answers, whatever came before. */
function answersOf(index: BlockIndex): unknown {
  const ranges = [0, 5, 11].map((hour) => START_MS + hour * HOUR_MS);
  const questions = ranges.flatMap((startMs) =>
    [["acme"], ["globex"], ["acme", "globex"]].map((tenants): MetadataQuery => {
      return { tenants, startMs, endMs: startMs + 6 * HOUR_MS, predicates: [] };
    }),
  );
  return {
    tenants: index.tenants(),
    stats: ["acme", "globex"].map((tenant) => ({ ...index.tenantStats(tenant), lastIngestMs: 0 })),
    count: index.blockCount,
    blocks: questions.map((query) => queryMetadata(index, noDeletions(), query).map((found) => found.read())),
    labels: questions.map(
      (query) => queryLabels(index, noDeletions(), { ...query, labelNames: [] }).labelSets,
    ),
  };
}

describe("removing blocks from the index", () => {
  it("leaves it as if they had never been there", () => {
    for (let round = 0; round < 20; round++) {
      const blocks = Array.from({ length: 60 }, (_, n) => anyBlock(n));
      const kept = blocks.filter(() => random.next() < 0.4);
      const index = new BlockIndex();
      const never = new BlockIndex();
      for (const one of blocks) index.add(one, 0);
      for (const one of kept) never.add(one, 0);
      const gone = blocks.filter((one) => !kept.includes(one));
      expect(gone.map(({ id }) => index.remove(id))).toEqual(gone);
      expect(answersOf(index)).toEqual(answersOf(never));
    }
  });

  it("is also so when most of a partition has gone, and its rows are numbered anew", () => {
    const blocks = Array.from({ length: 2_500 }, (_, n) => block(ulidAt(START_MS + n, random)));
    const index = new BlockIndex();
    for (const one of blocks) index.add(one, 0);
    const rowCount = (): number => index.partitions()[0]![1].rowCount;
    const before = rowCount();
    for (const { id } of blocks.slice(0, 2_400)) index.remove(id);
    expect(rowCount()).toBeLessThan(before / 2);
    expect(Array.from(index.places(), ({ id }) => id).toSorted()).toEqual(
      blocks
        .slice(2_400)
        .map(({ id }) => id)
        .toSorted(),
    );
  });

  it("takes away a partition with its last block, and knows no block twice", () => {
    const index = new BlockIndex();
    const one = block(ulidAt(START_MS, random));
    index.add(one, 0);
    expect([index.remove(one.id)?.id, index.remove(one.id), index.remove("none")]).toEqual([
      one.id,
      undefined,
      undefined,
    ]);
    expect(index.partitions()).toEqual([]);
    expect(index.tenants()).toEqual([]);
    expect(index.tenantStats("acme")).toBeUndefined();
  });
});
