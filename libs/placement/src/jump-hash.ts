import { invariant } from "@hearth/errors";

/**
 * Maps a key to a bucket; growing `bucketCount` by one moves only 1/n of the keys.
 *
 * @param key - unsigned 64-bit hash.
 * @param bucketCount - at least 1.
 * @returns bucket index, `0 <= index < bucketCount`.
 * @remarks Pure, O(log n); must never change, since shard ownership depends on it.
 * Source: Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm" (2014).
 */
export function jumpHash(key: bigint, bucketCount: number): number {
  invariant(Number.isSafeInteger(bucketCount) && bucketCount > 0, "jump hash needs at least one bucket");
  let state = key;
  let bucket = -1;
  let next = 0;
  while (next < bucketCount) {
    bucket = next;
    state = BigInt.asUintN(64, state * 2862933555777941757n + 1n);
    next = Math.floor((bucket + 1) * (2 ** 31 / (Number(state >> 33n) + 1)));
  }
  return bucket;
}
