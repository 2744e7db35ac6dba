import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { BlockMeta, DatasetMeta } from "@hearth/block";
import { compareLabels, type Labels } from "@hearth/labels";
import { seededRandom } from "@hearth/runtime";
import { BlockIndex, PARTITION_MS } from "../../src/index-state/block-index.ts";
import { queryLabels, queryMetadata, type MetadataQuery } from "../../src/index-state/query.ts";
import { block, CPU, dataset, labelsOf, MEMORY, START_MS, ulidAt } from "../support/blocks.ts";
import { noDeletions } from "../support/deletions.ts";

const TENANTS = ["acme", "beta", "gamma"];
const SERVICES = ["cart", "shop"];
const DAY_MS = 4 * PARTITION_MS;

interface Model {
  readonly blocks: readonly BlockMeta[];
}

const overlaps = (part: { minTimeMs: number; maxTimeMs: number }, query: MetadataQuery): boolean =>
  part.minTimeMs < query.endMs && part.maxTimeMs >= query.startMs;

/** What the query means, said slowly. */
function modelDataset(dataset: DatasetMeta, query: MetadataQuery): DatasetMeta[] {
  if (!query.tenants.includes(dataset.tenant) || !overlaps(dataset, query)) return [];
  const labelSets = dataset.labelSets.filter((labels) =>
    query.predicates.every((predicate) =>
      labels.every((label) => label.name !== predicate.name || predicate.matches(label.value)),
    ),
  );
  return labelSets.length > 0 ? [{ ...dataset, labelSets }] : [];
}

function modelQuery({ blocks }: Model, query: MetadataQuery): BlockMeta[] {
  return blocks
    .map((block) => ({
      ...block,
      datasets: block.datasets.flatMap((dataset) => modelDataset(dataset, query)),
    }))
    .filter(({ datasets }) => datasets.length > 0)
    .toSorted((a, b) => a.shard - b.shard || (a.id < b.id ? -1 : 1));
}

function modelLabels(model: Model, query: MetadataQuery, labelNames: readonly string[]): Labels[] {
  const sets = modelQuery(model, query)
    .flatMap(({ datasets }) => datasets.flatMap(({ labelSets }) => labelSets))
    .map((labels) => labels.filter(({ name }) => labelNames.length === 0 || labelNames.includes(name)))
    .filter((labels) => labels.length > 0);
  return [...new Map(sets.map((labels) => [JSON.stringify(labels), labels])).values()].toSorted(
    compareLabels,
  );
}

const arbitraryDataset = fc
  .record({
    tenant: fc.constantFrom(...TENANTS),
    service: fc.constantFrom(...SERVICES),
    startMs: fc.nat(DAY_MS),
    lengthMs: fc.nat(60_000),
    types: fc.subarray([CPU, MEMORY], { minLength: 1 }),
  })
  .map(({ tenant, service, startMs, lengthMs, types }) =>
    dataset({
      tenant,
      service,
      minTimeMs: START_MS + startMs,
      maxTimeMs: START_MS + startMs + lengthMs,
      labelSets: types.map((type) => labelsOf(service, type)),
    }),
  );

/** Created anywhere within two days, whatever the time of its data. */
const arbitraryBlock = fc
  .record({
    createdMs: fc.nat(2 * DAY_MS),
    shard: fc.integer({ min: 1, max: 3 }),
    seed: fc.nat(),
    datasets: fc.array(arbitraryDataset, { minLength: 1, maxLength: 4 }),
  })
  .map(({ createdMs, shard, seed, datasets }) =>
    block(ulidAt(START_MS + createdMs, seededRandom(seed)), { shard, datasets }),
  );

const arbitraryQuery: fc.Arbitrary<MetadataQuery> = fc
  .record({
    tenants: fc.subarray(TENANTS, { minLength: 1 }),
    startMs: fc.nat(DAY_MS),
    lengthMs: fc.nat(DAY_MS),
    service: fc.option(fc.constantFrom(...SERVICES, "none")),
    type: fc.option(fc.constantFrom(CPU, MEMORY)),
  })
  .map(({ tenants, startMs, lengthMs, service, type }) => ({
    tenants,
    startMs: START_MS + startMs,
    endMs: START_MS + startMs + lengthMs,
    predicates: [
      ...(service === null ? [] : [{ name: "service_name", matches: (value: string) => value === service }]),
      ...(type === null ? [] : [{ name: "__profile_type__", matches: (value: string) => value !== type }]),
      { name: "pod", matches: () => false },
    ],
  }));

const arbitraryBlocks = fc.uniqueArray(arbitraryBlock, { selector: ({ id }) => id, maxLength: 30 });

function readBlocks(index: BlockIndex, query: MetadataQuery): BlockMeta[] {
  return queryMetadata(index, noDeletions(), query).map((block) => block.read());
}

function indexOf(blocks: readonly BlockMeta[]): BlockIndex {
  const index = new BlockIndex();
  for (const block of blocks) index.add(block, START_MS);
  return index;
}

describe("the index, compared with a scan over all blocks", () => {
  it("answers the same blocks, in the same order", () => {
    fc.assert(
      fc.property(arbitraryBlocks, arbitraryQuery, (blocks, query) => {
        expect(readBlocks(indexOf(blocks), query)).toEqual(modelQuery({ blocks }, query));
      }),
      { numRuns: 300 },
    );
  });

  it("selects alike only what reads alike", () => {
    fc.assert(
      fc.property(arbitraryBlocks, arbitraryQuery, arbitraryQuery, (blocks, query, other) => {
        const index = indexOf(blocks);
        const selected = (asked: MetadataQuery): [string, BlockMeta][] =>
          queryMetadata(index, noDeletions(), asked).map((block) => [
            `${block.read().id} ${block.selection}`,
            block.read(),
          ]);
        const known = new Map(selected(query));
        for (const [name, read] of selected(other)) expect(known.get(name) ?? read).toEqual(read);
      }),
      { numRuns: 300 },
    );
  });

  it("answers the same label sets", () => {
    const names = fc.subarray(["service_name", "__type__", "pod"]);
    fc.assert(
      fc.property(arbitraryBlocks, arbitraryQuery, names, (blocks, query, labelNames) => {
        const got = queryLabels(indexOf(blocks), noDeletions(), { ...query, labelNames }).labelSets;
        expect(got).toEqual(modelLabels({ blocks }, query, labelNames));
      }),
      { numRuns: 300 },
    );
  });

  it("finds each block by id, and nothing else", () => {
    fc.assert(
      fc.property(arbitraryBlocks, arbitraryBlock, (blocks, other) => {
        const index = indexOf(blocks);
        for (const block of blocks) expect(index.get(block.id)).toEqual(block);
        expect(index.get(other.id)).toEqual(blocks.find(({ id }) => id === other.id));
        expect(index.get("nonsense")).toBeUndefined();
      }),
    );
  });

  it("sums up each tenant", () => {
    fc.assert(
      fc.property(arbitraryBlocks, fc.constantFrom(...TENANTS), (blocks, tenant) => {
        const own = blocks.filter(({ datasets }) => datasets.some((dataset) => dataset.tenant === tenant));
        const datasets = own.flatMap(({ datasets }) =>
          datasets.filter((dataset) => dataset.tenant === tenant),
        );
        const stats = indexOf(blocks).tenantStats(tenant);
        expect(stats?.blockCount ?? 0).toBe(own.length);
        expect(stats?.sizeBytes ?? 0).toBe(datasets.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
        expect(stats?.minTimeMs ?? Infinity).toBe(Math.min(...datasets.map(({ minTimeMs }) => minTimeMs)));
        expect(stats?.maxTimeMs ?? -Infinity).toBe(Math.max(...datasets.map(({ maxTimeMs }) => maxTimeMs)));
      }),
    );
  });
});

describe("the index", () => {
  it("finds a profile that was pushed weeks after it was taken", () => {
    const id = ulidAt(START_MS + 60 * DAY_MS, seededRandom(1));
    const old = block(id, { datasets: [dataset({ minTimeMs: START_MS, maxTimeMs: START_MS })] });
    const query = { tenants: ["acme"], startMs: START_MS, endMs: START_MS + 1, predicates: [] };
    expect(readBlocks(indexOf([old]), query)).toEqual([old]);
  });

  it("counts a tenant's own block by its whole size, a segment by the tenant's datasets", () => {
    const segment = block(ulidAt(START_MS, seededRandom(1)));
    const own = block(ulidAt(START_MS, seededRandom(2)), { level: 1, tenant: "acme" });
    expect(indexOf([segment]).tenantStats("acme")?.sizeBytes).toBe(400);
    expect(indexOf([own]).tenantStats("acme")?.sizeBytes).toBe(10_000);
  });

  it("keeps the first of two blocks with one id", () => {
    const id = ulidAt(START_MS, seededRandom(1));
    const index = indexOf([block(id, { sizeBytes: 1_000 }), block(id, { sizeBytes: 2_000 })]);
    expect(index.get(id)?.sizeBytes).toBe(1_000);
    expect(index.blockCount).toBe(1);
  });
});
