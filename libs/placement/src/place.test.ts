import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { hashKey, jumpHash, place, slotTable, type PlacementPolicy, type Writer } from "./index.ts";

const anyHash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const anyKey = fc.record({ tenant: anyHash, dataset: anyHash, fingerprint: anyHash });
const checkout = {
  tenant: hashKey("tenant-a"),
  dataset: hashKey("checkout"),
  fingerprint: 0xafa723d90b5b27c8n,
};

describe("jumpHash", () => {
  it.each([
    { key: 10863919174838991n, buckets: 11, want: 6 },
    { key: 2016238256797177309n, buckets: 11, want: 3 },
    { key: 0n, buckets: 1, want: 0 },
  ])("of $key over $buckets is $want", ({ key, buckets, want }) => {
    expect(jumpHash(key, buckets)).toBe(want);
  });

  it("moves a key only to the new bucket when one is added", () => {
    fc.assert(
      fc.property(anyHash, fc.integer({ min: 1, max: 200 }), (key, buckets) => {
        expect([jumpHash(key, buckets), buckets]).toContain(jumpHash(key, buckets + 1));
      }),
    );
  });
});

describe("place", () => {
  it.each([
    {
      name: "windows wrap around",
      key: checkout,
      policy: { tenantShards: 8, datasetShards: 2 },
      want: { shard: 1, slots: [0, 1, 2, 7, 8, 9, 10, 11, 3, 4, 5, 6] },
    },
    {
      name: "no tenant limit means all slots",
      key: { ...checkout, tenant: hashKey("anonymous") },
      policy: { tenantShards: 0, datasetShards: 1 },
      want: { shard: 11, slots: [10, 11, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
    },
  ])("$name", ({ key, policy, want }) => {
    const placed = place(key, { ...policy, balancing: "fingerprint" }, { slotCount: 12, randomUnit: 0 });
    expect(placed).toEqual(want);
  });

  const anyPolicy: fc.Arbitrary<PlacementPolicy> = fc.record({
    tenantShards: fc.nat(20),
    datasetShards: fc.nat(20),
    balancing: fc.constantFrom("fingerprint", "round-robin"),
  });
  const anyCluster = fc.record({
    slotCount: fc.integer({ min: 1, max: 24 }),
    randomUnit: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });

  it("names every slot once, the shard's first", () => {
    fc.assert(
      fc.property(anyKey, anyPolicy, anyCluster, (key, policy, cluster) => {
        const { shard, slots } = place(key, policy, cluster);
        expect(slots.toSorted((a, b) => a - b)).toEqual([...Array(cluster.slotCount).keys()]);
        expect(shard).toBe(slots[0]! + 1);
      }),
    );
  });

  it("keeps the profiles of a dataset within its shards", () => {
    fc.assert(
      fc.property(anyKey, fc.array(anyHash), anyPolicy, anyCluster, (key, fingerprints, policy, cluster) => {
        const shards = fingerprints.map(
          (fingerprint) => place({ ...key, fingerprint }, policy, cluster).shard,
        );
        expect(new Set(shards).size).toBeLessThanOrEqual(Math.max(1, policy.datasetShards));
      }),
    );
  });

  it("spreads a hot series by chance", () => {
    const policy: PlacementPolicy = { tenantShards: 0, datasetShards: 4, balancing: "round-robin" };
    const shards = [0, 0.25, 0.5, 0.99].map(
      (randomUnit) => place(checkout, policy, { slotCount: 12, randomUnit }).shard,
    );
    expect(new Set(shards).size).toBe(4);
  });
});

describe("the slot table", () => {
  const cluster = (count: number): Writer[] =>
    Array.from({ length: count }, (_, index) => ({
      id: `segment-writer-${index}`,
      address: `10.0.0.${index}:9095`,
    }));
  const owners = (count: number, slotsPerWriter = 1): string[] => {
    const table = slotTable(cluster(count), slotsPerWriter);
    return Array.from({ length: table.slotCount }, (_, slot) => table.writerOf(slot).id);
  };

  it("gives every writer its slots", () => {
    expect(owners(12).toSorted()).toEqual(
      cluster(12)
        .map(({ id }) => id)
        .toSorted(),
    );
    expect(owners(3, 4).filter((id) => id === "segment-writer-1")).toHaveLength(4);
  });

  it("does not depend on the order in which writers are found, nor on finding one twice", () => {
    const writers = cluster(12);
    const table = slotTable([...writers.toReversed(), ...writers]);
    expect(Array.from({ length: 12 }, (_, slot) => table.writerOf(slot).id)).toEqual(owners(12));
  });

  it("orders writers by number, so that the eleventh does not come between the second and the third", () => {
    expect(slotTable(cluster(11)).writers.map(({ id }) => id)).toEqual(cluster(11).map(({ id }) => id));
  });

  it("keeps all slots but one when a writer is added", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), (count) => {
        const after = owners(count + 1);
        const moved = owners(count).filter((id, slot) => id !== after[slot]);
        expect(moved.length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("moves few shards to another writer when one is added", () => {
    const policy: PlacementPolicy = { tenantShards: 4, datasetShards: 1, balancing: "fingerprint" };
    const writerOf = (writers: number, name: string): string => {
      const table = slotTable(cluster(writers));
      const key = { tenant: hashKey(name), dataset: hashKey("app"), fingerprint: 0n };
      return table.writerOf(place(key, policy, { slotCount: table.slotCount, randomUnit: 0 }).slots[0]!).id;
    };
    const tenants = Array.from({ length: 400 }, (_, index) => `tenant-${index}`);
    const moved = tenants.filter((tenant) => writerOf(20, tenant) !== writerOf(21, tenant));
    // Of the tenants 1/21 go to the new slot, one slot changes its owner, a window in ten wraps around the end.
    expect(moved.length).toBeLessThan(400 * 0.25);
  });
});
