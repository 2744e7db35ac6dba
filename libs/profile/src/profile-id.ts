import { fingerprint, type Label } from "@hearth/labels";

import { xxHash64 } from "./xx-hash.ts";

export interface ProfileContent {
  readonly tenant: string;
  /** As sent, in any order that a retry repeats. */
  readonly labels: readonly Label[];
  readonly timeNanos: bigint;
  /** The profile, not compressed. */
  readonly payload: Uint8Array;
}

/** Makes the second seed another than the first. */
const OTHER_SEED = 0x9e37_79b9_7f4a_7c15n;

/**
 * The identity of a profile: 16 bytes that follow from its content, so that a client's retry, a distributor's retry and
 * a replay all carry the same one. In the form of a UUID of version 8 (RFC 9562 §5.8).
 */
export function profileIdOf({ tenant, labels, timeNanos, payload }: ProfileContent): Uint8Array {
  const seed = fingerprint([{ name: tenant, value: timeNanos.toString() }, ...labels]);
  const seeds = [seed, seed ^ OTHER_SEED];
  const id = new Uint8Array(16);
  const view = new DataView(id.buffer);
  for (const [index, each] of seeds.entries()) view.setBigUint64(8 * index, xxHash64(payload, each));
  view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x80);
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  return id;
}
