import { finish, mix, SlotTable, type LineColumns, type LocationColumns } from "@hearth/symbols";
import type { OtlpDictionary } from "../otlp-export.ts";
import { Uint32List } from "../uint32-list.ts";

/** Says of a location that it is left out of stacks: neither an address nor a function is known. */
export const NOTHING_KNOWN = 0;
/** Says of a location that it refers to something that does not exist. */
export const MALFORMED = 0xff_ff_ff_ff;

export interface ConvertedLocations {
  readonly locations: LocationColumns;
  readonly lines: LineColumns;
  /** Number of each location of the dictionary, or {@link NOTHING_KNOWN} or {@link MALFORMED}. */
  readonly numbers: Uint32Array;
  /** Flags of each mapping of the dictionary, as `MappingColumns.flags` has them. */
  readonly mappingFlags: Uint8Array;
}

const HAS_FUNCTIONS = 1;
const HAS_FILENAMES = 2;
const HAS_LINE_NUMBERS = 4;
const ALL_FLAGS = HAS_FUNCTIONS | HAS_FILENAMES | HAS_LINE_NUMBERS;

/**
 * Converts locations and lines. Lines without a function say nothing and are left out. A mapping has functions (and
 * files, and line numbers) when all its locations in the dictionary have; the addresses of such a mapping are of no use
 * any more and are left out, so that locations that differ in nothing else become one.
 */
export function convertLocations(dictionary: OtlpDictionary): ConvertedLocations {
  const checks = { functions: soundFunctions(dictionary), mappings: soundMappings(dictionary) };
  const flags = mappingFlags(dictionary);
  const table = new LocationTable();
  const numbers = new Uint32Array(dictionary.locations.count);
  for (let i = 0; i < numbers.length; i++) numbers[i] = convertLocation(dictionary, i, checks, flags, table);
  return { ...table.build(), numbers, mappingFlags: flags };
}

/** For each entry 1 when all it refers to exists. */
interface Checks {
  readonly functions: Uint8Array;
  readonly mappings: Uint8Array;
}

function convertLocation(
  { locations }: OtlpDictionary,
  index: number,
  checks: Checks,
  flags: Uint8Array,
  table: LocationTable,
): number {
  const mapping = locations.mapping[index]!;
  if (checks.mappings[mapping] !== 1) return MALFORMED;
  for (let at = locations.firstLine[index]!; at < locations.firstLine[index + 1]!; at++) {
    const functionIndex = locations.lineFunction[at]!;
    if (functionIndex === 0) continue;
    if (checks.functions[functionIndex] !== 1) return table.discard();
    table.addLine(functionIndex, locations.line[at]!);
  }
  const dropsAddress = (flags[mapping]! & HAS_FUNCTIONS) !== 0;
  const low = dropsAddress ? 0 : locations.addressLow[index]!;
  const high = dropsAddress ? 0 : locations.addressHigh[index]!;
  return table.intern(mapping, low, high);
}

function soundFunctions({ functions, strings }: OtlpDictionary): Uint8Array {
  const exists = (index: number): boolean => index === 0 || index < strings.count;
  return Uint8Array.from(functions.name, (name, index) =>
    exists(name) && exists(functions.systemName[index]!) && exists(functions.filename[index]!) ? 1 : 0,
  );
}

/** Mapping 0 exists even where there is no table. */
function soundMappings({ mappings, strings }: OtlpDictionary): Uint8Array {
  const sound = new Uint8Array(Math.max(1, mappings.count)).fill(1);
  for (const [index, filename] of mappings.filename.entries()) {
    if (filename !== 0 && filename >= strings.count) sound[index] = 0;
  }
  return sound;
}

/** Flags of each mapping of the dictionary, and of mapping 0 at least. */
function mappingFlags({ mappings, locations, functions }: OtlpDictionary): Uint8Array {
  const flags = new Uint8Array(Math.max(1, mappings.count)).fill(ALL_FLAGS);
  const isUsed = new Uint8Array(flags.length);
  // Location 0 is the empty one: it stands for no code of any mapping.
  for (let i = 1; i < locations.count; i++) {
    const mapping = locations.mapping[i]!;
    if (mapping >= flags.length) continue;
    isUsed[mapping] = 1;
    const first = locations.firstLine[i]!;
    const end = locations.firstLine[i + 1]!;
    if (first === end) flags[mapping] = 0;
    for (let at = first; at < end; at++) {
      const functionIndex = locations.lineFunction[at]!;
      if (functionIndex === 0) flags[mapping] = 0;
      if (functionIndex >= functions.count || functions.filename[functionIndex] === 0)
        flags[mapping]! &= ~HAS_FILENAMES;
      if (locations.line[at]! <= 0) flags[mapping]! &= ~HAS_LINE_NUMBERS;
    }
  }
  return flags.map((flag, mapping) => (isUsed[mapping] === 1 ? flag : 0));
}

/** Distinct locations; location 0 is the empty one. */
class LocationTable {
  readonly #slots = new SlotTable(256);
  readonly #mapping = new Uint32List();
  readonly #addressLow = new Uint32List();
  readonly #addressHigh = new Uint32List();
  readonly #firstLine = new Uint32List();
  readonly #lineFunction = new Uint32List();
  readonly #line = new Uint32List();

  constructor() {
    this.#firstLine.append(0);
    this.intern(0, 0, 0);
  }

  /** Adds a line to the location that {@link intern} will complete. */
  addLine(functionIndex: number, line: number): void {
    this.#lineFunction.append(functionIndex);
    this.#line.append(line);
  }

  /** Forgets the lines added since the last location. */
  discard(): typeof MALFORMED {
    this.#dropLinesFrom(this.#lastLine());
    return MALFORMED;
  }

  /** The number of the location with the lines added since the last. */
  intern(mapping: number, addressLow: number, addressHigh: number): number {
    const isEmpty = addressLow === 0 && addressHigh === 0 && this.#line.count === this.#lastLine();
    if (isEmpty && this.#mapping.count > 0) return NOTHING_KNOWN;
    const hash = this.#hash(mapping, addressLow, addressHigh);
    const known = this.#slots.find(hash, (id) => this.#equals(id, mapping, addressLow, addressHigh));
    if (known >= 0) {
      this.#dropLinesFrom(this.#lastLine());
      return known;
    }
    this.#mapping.append(mapping);
    this.#addressLow.append(addressLow);
    this.#addressHigh.append(addressHigh);
    this.#firstLine.append(this.#line.count);
    return this.#slots.add(hash);
  }

  #lastLine(): number {
    return this.#firstLine.last();
  }

  #dropLinesFrom(count: number): void {
    this.#lineFunction.truncate(count);
    this.#line.truncate(count);
  }

  #hash(mapping: number, addressLow: number, addressHigh: number): number {
    let hash = mix(mix(mix(0, mapping), addressLow), addressHigh);
    for (let at = this.#lastLine(); at < this.#line.count; at++) {
      hash = mix(mix(hash, this.#lineFunction.at(at)), this.#line.at(at));
    }
    return finish(hash);
  }

  /** Whether location `id` has this mapping and address, and the lines added since the last location. */
  #equals(id: number, mapping: number, addressLow: number, addressHigh: number): boolean {
    const first = this.#firstLine.at(id);
    const added = this.#lastLine();
    const count = this.#line.count - added;
    if (this.#firstLine.at(id + 1) - first !== count || this.#mapping.at(id) !== mapping) return false;
    if (this.#addressLow.at(id) !== addressLow || this.#addressHigh.at(id) !== addressHigh) return false;
    for (let i = 0; i < count; i++) {
      if (this.#line.at(first + i) !== this.#line.at(added + i)) return false;
      if (this.#lineFunction.at(first + i) !== this.#lineFunction.at(added + i)) return false;
    }
    return true;
  }

  build(): Pick<ConvertedLocations, "locations" | "lines"> {
    return {
      locations: {
        // Mapping 0 of the dictionary is an entry with flags of its own, after our empty one.
        mapping: this.#mapping.build().map((mapping, index) => (index === 0 ? 0 : mapping + 1)),
        addressLow: this.#addressLow.build(),
        addressHigh: this.#addressHigh.build(),
        firstLine: this.#firstLine.build(),
        isFolded: new Uint8Array(this.#mapping.count),
      },
      lines: { functionIndex: this.#lineFunction.build(), line: this.#line.buildSigned() },
    };
  }
}
