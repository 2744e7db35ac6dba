import xxhash from "xxhash-wasm";
import { jumpHash } from "./jump-hash.ts";

/** WebAssembly loads asynchronously; awaiting it here keeps placing synchronous. */
const hasher = await xxhash();

/** What decides where profiles go: xxHash64 of each, unsigned 64 bits. */
export interface PlacementKey {
  readonly tenant: bigint;
  /** Of the service name. */
  readonly dataset: bigint;
  /** Of the labels, sorted bytewise. */
  readonly fingerprint: bigint;
}

/** Over how many shards a tenant and one of its datasets may spread. */
export interface PlacementPolicy {
  /** 0 means all. */
  readonly tenantShards: number;
  readonly datasetShards: number;
  readonly balancing: LoadBalancing;
}

/** `fingerprint` keeps a series in one shard; `round-robin` spreads even a single hot one. */
export type LoadBalancing = "fingerprint" | "round-robin";

export interface Placement {
  /** From 1: 0 is no shard. It stays, whichever writer takes it. */
  readonly shard: number;
  /** All slots, best first: the dataset's, then the tenant's, then the others. */
  readonly slots: readonly number[];
}

/** xxHash64 (seed 0) of the UTF-8 of a tenant or a service name. */
export function hashKey(text: string): bigint {
  return hasher.h64(text);
}

/**
 * Places profiles in three steps: the tenant has a window of all slots, a dataset a window in it (it wraps around), and
 * within that the fingerprint, or chance, decides.
 *
 * @param slotCount - at least 1.
 * @param randomUnit - uniform in `[0, 1)`; looked at by `round-robin` only.
 * @remarks Every distributor must place equally, or a series spreads over shards; so this must never change.
 */
export function place(
  key: PlacementKey,
  policy: PlacementPolicy,
  { slotCount, randomUnit }: { slotCount: number; randomUnit: number },
): Placement {
  const tenantSize = windowSize(policy.tenantShards, slotCount);
  const datasetSize = Math.min(tenantSize, Math.max(1, policy.datasetShards));
  const tenantStart = jumpHash(key.tenant, slotCount);
  const datasetOffset = jumpHash(key.dataset, tenantSize);
  const chosen =
    policy.balancing === "round-robin"
      ? Math.floor(randomUnit * datasetSize)
      : Number(key.fingerprint % BigInt(datasetSize));

  const slots: number[] = [];
  const slotAt = (offsetInTenant: number): number =>
    (tenantStart + (offsetInTenant % tenantSize)) % slotCount;
  for (let i = 0; i < datasetSize; i++) slots.push(slotAt(datasetOffset + ((chosen + i) % datasetSize)));
  for (let i = datasetSize; i < tenantSize; i++) slots.push(slotAt(datasetOffset + i));
  for (let i = tenantSize; i < slotCount; i++) slots.push((tenantStart + i) % slotCount);
  return { shard: slots[0]! + 1, slots };
}

function windowSize(shards: number, slotCount: number): number {
  return shards <= 0 || shards > slotCount ? slotCount : shards;
}
