import type { Memory } from "@hearth/arena";
import type { MappingColumns } from "./columns.ts";
import { finish, mix } from "./hash.ts";
import { SlotTable } from "./slot-table.ts";

const EMPTY: MappingColumns = {
  startLow: new Uint32Array(1),
  startHigh: new Uint32Array(1),
  limitLow: new Uint32Array(1),
  limitHigh: new Uint32Array(1),
  offsetLow: new Uint32Array(1),
  offsetHigh: new Uint32Array(1),
  filename: new Uint32Array(1),
  buildId: new Uint32Array(1),
  flags: new Uint8Array(1),
};

/** The columns of a mapping row, in the order of {@link rowOf}. */
const WIDTH = 9;

/** Distinct mappings; mapping 0 is the empty one. There are few: a row is nine numbers beside each other. */
export class MappingTable {
  readonly #table: SlotTable;
  readonly #rows: number[] = [];

  constructor(memory: Memory) {
    this.#table = new SlotTable(16, memory);
    this.intern(EMPTY, 0, 0, 0);
  }

  /** @param filename, buildId - strings of the mapping, numbered as here. */
  intern(from: MappingColumns, index: number, filename: number, buildId: number): number {
    const row = rowOf(from, index, filename, buildId);
    const hash = finish(row.reduce((mixed, value) => mix(mixed, value), 0));
    const found = this.#table.find(hash, (id) =>
      row.every((value, i) => this.#rows[id * WIDTH + i] === value),
    );
    if (found >= 0) return found;
    this.#rows.push(...row);
    return this.#table.add(hash);
  }

  build(): MappingColumns {
    const count = this.#table.count;
    const column = (at: number): Uint32Array =>
      Uint32Array.from({ length: count }, (_, id) => this.#rows[id * WIDTH + at]!);
    return {
      startLow: column(0),
      startHigh: column(1),
      limitLow: column(2),
      limitHigh: column(3),
      offsetLow: column(4),
      offsetHigh: column(5),
      filename: column(6),
      buildId: column(7),
      flags: Uint8Array.from(column(8)),
    };
  }
}

function rowOf(from: MappingColumns, index: number, filename: number, buildId: number): readonly number[] {
  return [
    from.startLow[index]!,
    from.startHigh[index]!,
    from.limitLow[index]!,
    from.limitHigh[index]!,
    from.offsetLow[index]!,
    from.offsetHigh[index]!,
    filename,
    buildId,
    from.flags[index]!,
  ];
}
