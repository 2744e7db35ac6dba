import { UNKNOWN } from "./pprof-profile.ts";

/** 64-bit ids in two columns; the upper one may be absent. */
export interface IdColumn {
  readonly low: Uint32Array;
  readonly high: Uint32Array | undefined;
}

/**
 * Replaces ids by the numbers of the entries that have them.
 *
 * @param ids - id of each entry; entry 0 is the empty one, with the id 0. Of equal ids the later entry is meant.
 * @param references - ids to look up; `low` is overwritten: 0 stays, an id that no entry has becomes `UNKNOWN`.
 */
export function resolveIds(ids: IdColumn, references: IdColumn): void {
  const count = ids.low.length;
  if (isSequence(ids)) return resolveSequence(count, references);
  const maxId = ids.high === undefined ? maximum(ids.low) : Infinity;
  if (maxId < 1024 + 8 * count) return resolveDense(ids.low, maxId, references);
  resolveHashed(ids, references);
}

/** Whether each entry's id is its number: what nearly every writer of profiles does. */
function isSequence({ low, high }: IdColumn): boolean {
  if (high !== undefined) return false;
  for (let index = 1; index < low.length; index++) {
    if (low[index] !== index) return false;
  }
  return true;
}

function resolveSequence(count: number, { low, high }: IdColumn): void {
  for (let index = 0; index < low.length; index++) {
    if (low[index]! >= count) low[index] = UNKNOWN;
  }
  if (high === undefined) return;
  for (let index = 0; index < low.length; index++) {
    if (high[index] !== 0) low[index] = UNKNOWN;
  }
}

function resolveDense(ids: Uint32Array, maxId: number, { low, high }: IdColumn): void {
  const numbers = new Uint32Array(maxId + 1).fill(UNKNOWN);
  for (let entry = 1; entry < ids.length; entry++) numbers[ids[entry]!] = entry;
  numbers[0] = 0;
  for (let index = 0; index < low.length; index++) {
    const isLarge = low[index]! > maxId || (high !== undefined && high[index] !== 0);
    low[index] = isLarge ? UNKNOWN : numbers[low[index]!]!;
  }
}

function maximum(items: Uint32Array): number {
  let max = 0;
  for (const item of items) max = Math.max(max, item);
  return max;
}

/** Open addressing with linear probing; slots hold numbers of entries, 0 when free. */
function resolveHashed(ids: IdColumn, references: IdColumn): void {
  const size = 2 ** (33 - Math.clz32(ids.low.length));
  const slots = new Uint32Array(size);
  for (let entry = 1; entry < ids.low.length; entry++) {
    const slot = findSlot(slots, ids, ids.low[entry]!, ids.high?.[entry] ?? 0);
    slots[slot] = entry;
  }
  const { low, high } = references;
  for (let index = 0; index < low.length; index++) {
    const lowId = low[index]!;
    const highId = high?.[index] ?? 0;
    if (lowId === 0 && highId === 0) continue;
    const entry = slots[findSlot(slots, ids, lowId, highId)]!;
    low[index] = entry === 0 ? UNKNOWN : entry;
  }
}

/** The slot of the id, or the free one where it belongs. */
function findSlot(slots: Uint32Array, ids: IdColumn, low: number, high: number): number {
  const mask = slots.length - 1;
  let slot = mix(low, high) & mask;
  for (;;) {
    const entry = slots[slot]!;
    if (entry === 0 || (ids.low[entry] === low && (ids.high?.[entry] ?? 0) === high)) return slot;
    slot = (slot + 1) & mask;
  }
}

function mix(low: number, high: number): number {
  let hash = Math.imul(low ^ Math.imul(high, 0x9e_37_79_b1), 0x85_eb_ca_6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2_b2_ae_35);
  return hash ^ (hash >>> 16);
}

/** Whether an entry other than the empty one has the id 0. */
export function hasZeroId({ low, high }: IdColumn): boolean {
  for (let entry = low.indexOf(0, 1); entry > 0; entry = low.indexOf(0, entry + 1)) {
    if (high === undefined || high[entry] === 0) return true;
  }
  return false;
}
