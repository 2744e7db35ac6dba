import type { LineColumns, LocationColumns } from "./columns.ts";
import { grown } from "./growable.ts";
import { finish, mix } from "./hash.ts";
import { SlotTable } from "./slot-table.ts";

/** Distinct locations with their lines; location 0 is the empty one. */
export class LocationTable {
  readonly #table = new SlotTable(1024);
  #mapping = new Uint32Array(1024);
  #addressLow = new Uint32Array(1024);
  #addressHigh = new Uint32Array(1024);
  #isFolded = new Uint8Array(1024);
  #firstLine = new Uint32Array(1025);
  #functionIndex = new Uint32Array(1024);
  #line = new Int32Array(1024);

  constructor() {
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
    const found = this.#table.find(
      hash,
      (id) =>
        this.#addressLow[id] === addressLow &&
        this.#mapping[id] === mapping &&
        this.#addressHigh[id] === addressHigh &&
        this.#isFolded[id] === isFolded &&
        this.#linesEqual(id, lines, lineCount),
    );
    if (found >= 0) return found;
    const id = this.#table.add(hash);
    this.#addLines(id, lines, lineCount);
    this.#mapping = grown(this.#mapping, id + 1);
    this.#addressLow = grown(this.#addressLow, id + 1);
    this.#addressHigh = grown(this.#addressHigh, id + 1);
    this.#isFolded = grown(this.#isFolded, id + 1);
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
    this.#firstLine = grown(this.#firstLine, id + 2);
    this.#functionIndex = grown(this.#functionIndex, first + lineCount);
    this.#line = grown(this.#line, first + lineCount);
    for (let i = 0; i < lineCount; i++) {
      this.#functionIndex[first + i] = lines.functionIndex[i]!;
      this.#line[first + i] = lines.line[i]!;
    }
    this.#firstLine[id + 1] = first + lineCount;
  }
}
