import type { Memory } from "@hearth/arena";
import type { LineColumns, LocationColumns } from "./columns.ts";
import { grown } from "./growable.ts";
import { finish, mix } from "./hash.ts";
import { nextPlain, plainHome, PlainLocations } from "./plain-locations.ts";
import { SlotTable } from "./slot-table.ts";

/** Locations on their way into a {@link LocationTable}. */
export interface ForeignLocations {
  readonly locations: LocationColumns;
  readonly lines: LineColumns;
  /** For each of their mappings its number here; any other number for one that is not here. */
  readonly mappingMap: Uint32Array;
  /** Likewise. */
  readonly functionMap: Uint32Array;
}

const NONE: ForeignLocations = {
  locations: {
    mapping: new Uint32Array(1),
    addressLow: new Uint32Array(1),
    addressHigh: new Uint32Array(1),
    firstLine: new Uint32Array(2),
    isFolded: new Uint8Array(1),
  },
  lines: { functionIndex: new Uint32Array(0), line: new Int32Array(0) },
  mappingMap: new Uint32Array(1),
  functionMap: new Uint32Array(0),
};

/** Distinct locations with their lines; location 0 is the empty one. */
export class LocationTable {
  readonly #memory: Memory;
  readonly #plain: PlainLocations;
  /** Those that are not plain. */
  readonly #others: SlotTable;
  #count = 0;
  #mapping: Uint32Array;
  #addressLow: Uint32Array;
  #addressHigh: Uint32Array;
  #isFolded: Uint8Array;
  #firstLine: Uint32Array;
  #functionIndex: Uint32Array;
  #line: Int32Array;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#plain = new PlainLocations(1024, memory);
    this.#others = new SlotTable(16, memory);
    this.#mapping = memory.uint32(1024);
    this.#addressLow = memory.uint32(1024);
    this.#addressHigh = memory.uint32(1024);
    this.#isFolded = memory.uint8(1024);
    this.#firstLine = memory.uint32(1025);
    this.#functionIndex = memory.uint32(1024);
    this.#line = memory.int32(1024);
    this.intern(NONE, 0);
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Looks up many locations.
   *
   * @param wanted - 1 for each location of `from` to look up.
   * @param numbers - where the numbers of those that are here go.
   */
  findAll(from: ForeignLocations, wanted: Uint8Array, numbers: Uint32Array): void {
    const { mappingMap, functionMap } = from;
    // Columns in variables are twice as fast as in objects.
    const { mapping, firstLine } = from.locations;
    const { functionIndex, line } = from.lines;
    const { slots } = this.#plain;
    for (let i = 1; i < wanted.length; i++) {
      if (wanted[i] === 0) continue;
      if (!isPlain(from.locations, i)) {
        const found = this.#findOther(from, i, hashOf(from, i));
        if (found >= 0) numbers[i] = found;
        continue;
      }
      const first = firstLine[i]!;
      const functionHere = functionMap[functionIndex[first]!]! | 0;
      const lineHere = line[first]!;
      const mappingHere = mappingMap[mapping[i]!]! | 0;
      let at = plainHome(slots, functionHere, lineHere);
      for (; slots[at + 3] !== 0; at = nextPlain(slots, at)) {
        if (slots[at] === functionHere && slots[at + 1] === lineHere && slots[at + 2] === mappingHere) break;
      }
      if (slots[at + 3] !== 0) numbers[i] = slots[at + 3]! - 1;
    }
  }

  /** The number of location `index` of `from`, whose mapping and functions are here. */
  intern(from: ForeignLocations, index: number): number {
    return isPlain(from.locations, index) ? this.#internPlain(from, index) : this.#internOther(from, index);
  }

  /** Not copied: good until the next location is added. */
  view(): { locations: LocationColumns; lines: LineColumns } {
    const count = this.#count;
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

  #internPlain(from: ForeignLocations, index: number): number {
    const { locations, lines, mappingMap, functionMap } = from;
    const first = locations.firstLine[index]!;
    const functionIndex = functionMap[lines.functionIndex[first]!]!;
    const line = lines.line[first]!;
    const mapping = mappingMap[locations.mapping[index]!]!;
    const found = this.#plain.find(functionIndex, line, mapping);
    if (found >= 0) return found;
    this.#plain.add(functionIndex, line, mapping, this.#count);
    return this.#add(from, index);
  }

  #internOther(from: ForeignLocations, index: number): number {
    const hash = hashOf(from, index);
    const found = this.#findOther(from, index, hash);
    if (found >= 0) return found;
    this.#others.put(hash, this.#count);
    return this.#add(from, index);
  }

  #findOther(from: ForeignLocations, index: number, hash: number): number {
    let id = this.#others.firstWith(hash);
    while (id >= 0 && !this.#isEqual(id, from, index)) id = this.#others.nextWith(hash);
    return id;
  }

  #isEqual(id: number, from: ForeignLocations, index: number): boolean {
    const { mapping, addressLow, addressHigh, isFolded } = from.locations;
    return (
      this.#addressLow[id] === addressLow[index] &&
      this.#addressHigh[id] === addressHigh[index] &&
      this.#mapping[id] === from.mappingMap[mapping[index]!] &&
      this.#isFolded[id] === isFolded[index] &&
      this.#linesEqual(id, from, index)
    );
  }

  #linesEqual(id: number, { locations, lines, functionMap }: ForeignLocations, index: number): boolean {
    const own = this.#firstLine[id]!;
    const first = locations.firstLine[index]!;
    const lineCount = locations.firstLine[index + 1]! - first;
    if (this.#firstLine[id + 1]! - own !== lineCount) return false;
    for (let i = 0; i < lineCount; i++) {
      if (this.#functionIndex[own + i] !== functionMap[lines.functionIndex[first + i]!]) return false;
      if (this.#line[own + i] !== lines.line[first + i]) return false;
    }
    return true;
  }

  #add(from: ForeignLocations, index: number): number {
    const { mapping, addressLow, addressHigh, isFolded } = from.locations;
    const id = this.#count++;
    this.#addLines(id, from, index);
    this.#mapping = grown(this.#mapping, id + 1, this.#memory);
    this.#addressLow = grown(this.#addressLow, id + 1, this.#memory);
    this.#addressHigh = grown(this.#addressHigh, id + 1, this.#memory);
    this.#isFolded = grown(this.#isFolded, id + 1, this.#memory);
    this.#mapping[id] = from.mappingMap[mapping[index]!]!;
    this.#addressLow[id] = addressLow[index]!;
    this.#addressHigh[id] = addressHigh[index]!;
    this.#isFolded[id] = isFolded[index]!;
    return id;
  }

  #addLines(id: number, { locations, lines, functionMap }: ForeignLocations, index: number): void {
    const own = this.#firstLine[id]!;
    const first = locations.firstLine[index]!;
    const lineCount = locations.firstLine[index + 1]! - first;
    this.#firstLine = grown(this.#firstLine, id + 2, this.#memory);
    this.#functionIndex = grown(this.#functionIndex, own + lineCount, this.#memory);
    this.#line = grown(this.#line, own + lineCount, this.#memory);
    for (let i = 0; i < lineCount; i++) {
      this.#functionIndex[own + i] = functionMap[lines.functionIndex[first + i]!]!;
      this.#line[own + i] = lines.line[first + i]!;
    }
    this.#firstLine[id + 1] = own + lineCount;
  }
}

function isPlain({ addressLow, addressHigh, isFolded, firstLine }: LocationColumns, index: number): boolean {
  const lineCount = firstLine[index + 1]! - firstLine[index]!;
  return lineCount === 1 && (addressLow[index]! | addressHigh[index]! | isFolded[index]!) === 0;
}

function hashOf(from: ForeignLocations, index: number): number {
  const { locations, lines, mappingMap, functionMap } = from;
  let mixed = mix(locations.isFolded[index]!, mappingMap[locations.mapping[index]!]!);
  mixed = mix(mix(mixed, locations.addressLow[index]!), locations.addressHigh[index]!);
  const end = locations.firstLine[index + 1]!;
  for (let i = locations.firstLine[index]!; i < end; i++) {
    mixed = mix(mix(mixed, functionMap[lines.functionIndex[i]!]!), lines.line[i]!);
  }
  return finish(mixed);
}
