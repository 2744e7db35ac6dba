/** One segment writer, as discovery names it. */
export interface Writer {
  /** `segment-writer-10`: its number orders it. */
  readonly id: string;
  readonly address: string;
}

/** Writers by slot. A shard's slot decides who should write it. */
export interface SlotTable {
  readonly writers: readonly Writer[];
  readonly slotCount: number;
  /** `0 <= slot < slotCount`. */
  writerOf(slot: number): Writer;
}

/**
 * Lays writers out over slots. Writers are sorted by the number at the end of their id (then by id), so that the table
 * of n+1 writers begins as the table of n, and slots are permuted by a fixed shuffle in which growth moves few.
 *
 * @param slotsPerWriter - one keeps the number of open segments, and so of objects, at the number of writers.
 */
export function slotTable(writers: readonly Writer[], slotsPerWriter = 1): SlotTable {
  const sorted = [...new Map(writers.map((writer) => [writer.id, writer])).values()].sort(compareWriters);
  const owners = sorted.flatMap((writer) => Array<Writer>(slotsPerWriter).fill(writer));
  const permutation = shuffledIndexes(owners.length);
  const bySlot = Array.from(permutation, (index) => owners[index]!);
  return { writers: sorted, slotCount: bySlot.length, writerOf: (slot) => bySlot[slot]! };
}

/** `segment-writer-2` before `segment-writer-10`; ids without a number come first, by their text. */
function compareWriters(a: Writer, b: Writer): number {
  return ordinal(a.id) - ordinal(b.id) || (a.id < b.id ? -1 : 1);
}

function ordinal(id: string): number {
  const digits = /([0-9]+)$/.exec(id)?.[1];
  return digits === undefined ? -1 : Number(digits);
}

/**
 * A permutation of `0 … count-1` by the inside-out Fisher-Yates shuffle with a fixed generator. The one of `count + 1`
 * differs from it in two places at most.
 */
function shuffledIndexes(count: number): Uint32Array {
  const permutation = new Uint32Array(count);
  let state = SHUFFLE_SEED;
  for (let index = 0; index < count; index++) {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    const other = Number((state >> 33n) % BigInt(index + 1));
    permutation[index] = permutation[other]!;
    permutation[other] = index;
  }
  return permutation;
}

/** Must never change: another seed moves every shard to another writer. */
const SHUFFLE_SEED = 0x9e3779b97f4a7c15n;
