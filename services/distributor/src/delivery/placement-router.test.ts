import { describe, expect, it } from "@jest/globals";
import { defaultsOf } from "@hearth/config";
import { seededRandom } from "@hearth/runtime";
import { fixedLimits, limitsSettings, type TenantLimits } from "@hearth/tenant-limits";

import { PlacementRouter } from "./placement-router.ts";
import type { KnownWriter, SegmentWriterClient } from "./writer-client.ts";

const client = (): SegmentWriterClient => ({ push: () => Promise.reject(new Error("not called")) });
const cluster = (count: number): KnownWriter[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `segment-writer-${index}`,
    address: `10.0.0.${index}:9095`,
    client: client(),
  }));

function routerOver(
  knownWriters: () => readonly KnownWriter[],
  changes: Partial<TenantLimits> = {},
): PlacementRouter {
  const limits = fixedLimits({ ...defaultsOf(limitsSettings), ...changes });
  return new PlacementRouter(knownWriters, { limits, random: seededRandom(1) });
}

const keys = Array.from({ length: 64 }, (_, index) => ({
  tenant: "acme",
  serviceName: "api",
  fingerprint: BigInt(index),
}));

describe("the placement router", () => {
  it("offers every writer once, the shard's first", () => {
    const writers = cluster(5);
    const router = routerOver(() => writers);
    const route = router.route(keys[0]!);
    expect(new Set(route.writers)).toEqual(new Set(writers));
    expect(route.writers).toHaveLength(5);
    expect(router.route(keys[0]!)).toEqual(route);
  });

  it("keeps a service in one shard, or spreads it over as many as the tenant wants", () => {
    const writers = cluster(8);
    const shardsWith = (changes: Partial<TenantLimits>): number =>
      new Set(keys.map((key) => routerOver(() => writers, changes).route(key).shard)).size;
    expect(shardsWith({})).toBe(1);
    expect(shardsWith({ placementDefaultDatasetShards: 3 })).toBe(3);
    expect(shardsWith({ placementDefaultDatasetShards: 8, placementTenantShards: 2 })).toBe(2);
  });

  it("follows writers as they come, but does not believe that all are gone", () => {
    let writers: readonly KnownWriter[] = [];
    const router = routerOver(() => writers);
    expect(() => router.route(keys[0]!)).toThrow("no segment writer is known");
    writers = cluster(2);
    expect(router.route(keys[0]!).writers).toHaveLength(2);
    writers = [];
    expect(router.route(keys[0]!).writers).toHaveLength(2);
    writers = cluster(3);
    expect(router.route(keys[0]!).writers).toHaveLength(3);
  });
});
