import type { Memory } from "@hearth/arena";
import type { LineColumns, LocationColumns } from "./columns.ts";
import { grown } from "./growable.ts";
import { finish, mix } from "./hash.ts";
import { SlotTable } from "./slot-table.ts";

/** Distinct locations with their lines; location 0 is the empty one. */
export class LocationTable {
  readonly #memory: Memory;
  readonly #table: SlotTable;
  #mapping: Uint32Array;
  #addressLow: Uint32Array;
  #addressHigh: Uint32Array;
  #isFolded: Uint8Array;
  #firstLine: Uint32Array;
  #functionIndex: Uint32Array;
  #line: Int32Array;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#table = new SlotTable(1024, memory);
    this.#mapping = memory.uint32(1024);
    this.#addressLow = memory.uint32(1024);
    this.#addressHigh = memory.uint32(1024);
    this.#isFolded = memory.uint8(1024);
    this.#firstLine = memory.uint32(1025);
    this.#functionIndex = memory.uint32(1024);
    this.#line = memory.int32(1024);
    this.intern(0, 0, 0, 0, { functionIndex: new Uint32Array(0), line: new Int32Array(0) }, 0);
  }

  get count(): number {
    return this.#table.count;
  }

  /** @param lines - the first `lineCount` are the location's, with functions numbered as here. */
  intern(
    mapping: number,
    addressLow: number,
    addressHigh: number,
    isFolded: number,
    lines: LineColumns,
    lineCount: number,
  ): number {
    let mixed = mix(mix(mix(isFolded, mapping), addressLow), addressHigh);
    for (let i = 0; i < lineCount; i++) mixed = mix(mix(mixed, lines.functionIndex[i]!), lines.line[i]!);
    const hash = finish(mixed);
    for (let found = this.#table.firstWith(hash); found >= 0; found = this.#table.nextWith(hash)) {
      const isEqual =
        this.#addressLow[found] === addressLow &&
        this.#mapping[found] === mapping &&
        this.#addressHigh[found] === addressHigh &&
        this.#isFolded[found] === isFolded &&
        this.#linesEqual(found, lines, lineCount);
      if (isEqual) return found;
    }
    const id = this.#table.add(hash);
    this.#addLines(id, lines, lineCount);
    this.#mapping = grown(this.#mapping, id + 1, this.#memory);
    this.#addressLow = grown(this.#addressLow, id + 1, this.#memory);
    this.#addressHigh = grown(this.#addressHigh, id + 1, this.#memory);
    this.#isFolded = grown(this.#isFolded, id + 1, this.#memory);
    this.#mapping[id] = mapping;
    this.#addressLow[id] = addressLow;
    this.#addressHigh[id] = addressHigh;
    this.#isFolded[id] = isFolded;
    return id;
  }

  /** Not copied: good until the next location is added. */
  view(): { locations: LocationColumns; lines: LineColumns } {
    const count = this.#table.count;
    const lineCount = this.#firstLine[count]!;
    return {
      locations: {
        mapping: this.#mapping.subarray(0, count),
        addressLow: this.#addressLow.subarray(0, count),
        addressHigh: this.#addressHigh.subarray(0, count),
        firstLine: this.#firstLine.subarray(0, count + 1),
        isFolded: this.#isFolded.subarray(0, count),
      },
      lines: {
        functionIndex: this.#functionIndex.subarray(0, lineCount),
        line: this.#line.subarray(0, lineCount),
      },
    };
  }

  #linesEqual(id: number, lines: LineColumns, lineCount: number): boolean {
    const first = this.#firstLine[id]!;
    if (this.#firstLine[id + 1]! - first !== lineCount) return false;
    for (let i = 0; i < lineCount; i++) {
      if (this.#functionIndex[first + i] !== lines.functionIndex[i]) return false;
      if (this.#line[first + i] !== lines.line[i]) return false;
    }
    return true;
  }

  #addLines(id: number, lines: LineColumns, lineCount: number): void {
    const first = this.#firstLine[id]!;
    this.#firstLine = grown(this.#firstLine, id + 2, this.#memory);
    this.#functionIndex = grown(this.#functionIndex, first + lineCount, this.#memory);
    this.#line = grown(this.#line, first + lineCount, this.#memory);
    for (let i = 0; i < lineCount; i++) {
      this.#functionIndex[first + i] = lines.functionIndex[i]!;
      this.#line[first + i] = lines.line[i]!;
    }
    this.#firstLine[id + 1] = first + lineCount;
  }
}
