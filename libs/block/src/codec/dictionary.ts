import { heap } from "@hearth/arena";
import { grown, SlotTable } from "@hearth/symbols";

type Values = Int32Array | Float64Array;

/** The distinct values of a column, and for each of its values which it is. */
export interface Dictionary<T extends Values> {
  readonly distinct: T;
  readonly indexes: Uint32Array;
}

/**
 * @param maxDistinct - how many distinct values it may have.
 * @returns in the order in which values come first; nothing when there are more.
 */
export function buildDictionary<T extends Values>(
  values: T,
  maxDistinct = Infinity,
): Dictionary<T> | undefined {
  const table = new SlotTable();
  const indexes = new Uint32Array(values.length);
  // By their bits, so that each comes back as it is.
  const words = new Int32Array(values.buffer, values.byteOffset, values.byteLength / 4);
  const width = values.BYTES_PER_ELEMENT / 4;
  let firsts = new Uint32Array(16);
  for (let i = 0, at = 0; i < values.length; i++, at += width) {
    const low = words[at]!;
    const high = words[at + width - 1]!;
    const hash = hashOf(low, high);
    let id = table.firstWith(hash);
    while (id >= 0 && (words[firsts[id]!] !== low || words[firsts[id]! + width - 1] !== high)) {
      id = table.nextWith(hash);
    }
    if (id < 0) {
      if (table.count === maxDistinct) return undefined;
      id = table.add(hash);
      firsts = grown(firsts, table.count, heap);
      firsts[id] = at;
    }
    indexes[i] = id;
  }
  const distinct = values.slice(0, table.count) as T;
  for (let id = 0; id < distinct.length; id++) distinct[id] = values[firsts[id]! / width]!;
  return { distinct, indexes };
}

/** What distinguishes whole numbers is in the upper bits of their high words. */
function hashOf(low: number, high: number): number {
  let hash = Math.imul(low, 0x85ebca6b) ^ Math.imul(high, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x2c1b3c6d);
  return hash ^ (hash >>> 15);
}
