import {
  finish,
  hashBytes,
  mix,
  PairInterner,
  type FunctionColumns,
  type MappingColumns,
  type StringColumn,
  type Symbols,
} from "@hearth/symbols";
import type { OtlpDictionary } from "../otlp-export.ts";
import type { AttributeReader } from "./attribute-reader.ts";
import { RejectedProfile, type ConvertLimits } from "./converted-export.ts";
import { convertLocations, MALFORMED, NOTHING_KNOWN, type ConvertedLocations } from "./location-converter.ts";
import { convertStrings } from "./string-converter.ts";
import { Uint32List } from "../uint32-list.ts";

/** In the order in which they are preferred: the first names a build for any debugger. */
const BUILD_ID_KEYS = [
  "process.executable.build_id.gnu",
  "process.executable.build_id.go",
  "process.executable.build_id.htlhash",
];

const UNSEEN = 0xff_ff_ff_ff;
const MAX_EXPECTED_STACKTRACES = 1 << 16;

/** Turns a dictionary into symbols: tables at once, stacks when a sample first uses them. */
export class SymbolsConverter {
  readonly #dictionary: OtlpDictionary;
  readonly #maxDepth: number;
  readonly #strings: StringColumn;
  readonly #mappings: MappingColumns;
  readonly #functions: FunctionColumns;
  readonly #converted: ConvertedLocations;
  /** Pairs of (parent, location); pair 0 is the root. */
  readonly #stacktraces: PairInterner;
  /** Number of each stack of the dictionary. */
  readonly #numbers: Uint32Array;
  #truncatedCount = 0;
  readonly #locationHashes: Uint32Array;
  /** Of each stack trace, from what it is made of. */
  readonly #stacktraceHashes = new Uint32List();

  constructor(dictionary: OtlpDictionary, reader: AttributeReader, limits: ConvertLimits) {
    this.#dictionary = dictionary;
    this.#maxDepth = limits.maxStacktraceDepth === 0 ? Number.POSITIVE_INFINITY : limits.maxStacktraceDepth;
    const buildIds = new BuildIds(dictionary, reader);
    this.#converted = convertLocations(dictionary);
    this.#mappings = convertMappings(dictionary, buildIds, this.#converted.mappingFlags);
    this.#functions = convertFunctions(dictionary);
    this.#strings = convertStrings(dictionary.strings, buildIds.texts, limits.maxSymbolValueLengthBytes);
    this.#numbers = new Uint32Array(dictionary.stacks.count).fill(UNSEEN);
    this.#locationHashes = this.#hashLocations();
    const expectedCount = Math.min(dictionary.stacks.location.length, MAX_EXPECTED_STACKTRACES);
    this.#stacktraces = new PairInterner(expectedCount);
    this.#stacktraces.intern(0, 0);
    this.#stacktraceHashes.append(0);
  }

  /**
   * The stack trace of stack `index` of the dictionary; stack 0 is empty, whether or not the dictionary has it.
   *
   * @throws {RejectedProfile} when it, or what it is made of, is out of range.
   */
  stacktrace(index: number): number {
    if (index >= this.#numbers.length) {
      if (index === 0) return 0;
      throw new RejectedProfile(
        `stack index out of range: stack=${index} count=${this.#dictionary.stacks.count}`,
      );
    }
    const known = this.#numbers[index]!;
    if (known !== UNSEEN) return known;
    return (this.#numbers[index] = this.#convert(index));
  }

  /** Stacks that were deeper than the limit. */
  get truncatedCount(): number {
    return this.#truncatedCount;
  }

  /** A hash of what the stack trace is made of, which does not depend on how the dictionary is numbered. */
  stacktraceHash(stacktrace: number): number {
    return this.#stacktraceHashes.at(stacktrace);
  }

  #convert(index: number): number {
    const { firstLocation, location } = this.#dictionary.stacks;
    const first = firstLocation[index]!;
    const end = firstLocation[index + 1]!;
    const kept = Math.max(first, end - this.#maxDepth);
    if (kept > first) this.#truncatedCount++;
    let stacktrace = 0;
    for (let at = end - 1; at >= kept; at--) {
      const number = this.#location(location[at]!);
      if (number !== NOTHING_KNOWN) stacktrace = this.#descend(stacktrace, number);
    }
    return stacktrace;
  }

  #descend(parent: number, location: number): number {
    const stacktrace = this.#stacktraces.intern(parent, location);
    if (stacktrace === this.#stacktraceHashes.count) {
      const hash = mix(this.#stacktraceHashes.at(parent), this.#locationHashes[location]!);
      this.#stacktraceHashes.append(finish(hash));
    }
    return stacktrace;
  }

  #location(index: number): number {
    const { numbers } = this.#converted;
    const number = index < numbers.length ? numbers[index]! : MALFORMED;
    if (number !== MALFORMED) return number;
    if (index === 0) return NOTHING_KNOWN;
    throw new RejectedProfile(
      `location index out of range, or its mapping or a function of it is: location=${index} count=${numbers.length}`,
    );
  }

  #hashLocations(): Uint32Array {
    const { offsets, bytes } = this.#strings;
    const hashOfString = (index: number): number => hashBytes(bytes, offsets[index]!, offsets[index + 1]!);
    const functionHashes = Uint32Array.from(this.#functions.name, (name, index) =>
      mix(hashOfString(name), hashOfString(this.#functions.filename[index]!)),
    );
    const mappingHashes = Uint32Array.from(this.#mappings.filename, (name, index) =>
      mix(hashOfString(name), hashOfString(this.#mappings.buildId[index]!)),
    );
    const { locations, lines } = this.#converted;
    return Uint32Array.from(locations.mapping, (mapping, index) => {
      let hash = mix(mappingHashes[mapping]!, locations.addressLow[index]!);
      hash = mix(hash, locations.addressHigh[index]!);
      for (let at = locations.firstLine[index]!; at < locations.firstLine[index + 1]!; at++) {
        hash = mix(mix(hash, functionHashes[lines.functionIndex[at]!]!), lines.line[at]!);
      }
      return finish(hash);
    });
  }

  build(): Symbols {
    const { count, first, second } = this.#stacktraces;
    return {
      strings: this.#strings,
      mappings: this.#mappings,
      functions: this.#functions,
      locations: this.#converted.locations,
      lines: this.#converted.lines,
      stacktraces: { parent: first.subarray(0, count), location: second.subarray(0, count) },
    };
  }
}

/** Build ids are values of attributes: their texts get numbers behind the strings of the dictionary. */
class BuildIds {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #dictionary: OtlpDictionary;
  readonly #reader: AttributeReader;

  constructor(dictionary: OtlpDictionary, reader: AttributeReader) {
    this.#dictionary = dictionary;
    this.#reader = reader;
  }

  /** Number of the string with the build id of a mapping of the dictionary; 0 when it has none. */
  ofMapping(mapping: number): number {
    const { firstAttribute, attribute } = this.#dictionary.mappings;
    const indexes = attribute.subarray(firstAttribute[mapping], firstAttribute[mapping + 1]);
    let text = "";
    let rank = BUILD_ID_KEYS.length;
    for (const index of indexes) {
      const entry = this.#reader.tableEntry(index);
      const entryRank = entry === undefined ? -1 : BUILD_ID_KEYS.indexOf(entry.key);
      if (entryRank < 0 || entryRank >= rank || entry!.value === "") continue;
      rank = entryRank;
      text = entry!.value;
    }
    return text === "" ? 0 : this.#number(text);
  }

  #number(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = Math.max(1, this.#dictionary.strings.count) + this.texts.push(text) - 1;
    this.#numbers.set(text, number);
    return number;
  }
}

/**
 * Mapping `i` of the dictionary becomes mapping `i + 1`, behind our empty one: the dictionary's mapping 0 is "none" too,
 * but says whether locations without a mapping have functions.
 */
function convertMappings(
  { mappings, strings }: OtlpDictionary,
  buildIds: BuildIds,
  flags: Uint8Array,
): MappingColumns {
  const count = flags.length + 1;
  const columns = {
    startLow: new Uint32Array(count),
    startHigh: new Uint32Array(count),
    limitLow: new Uint32Array(count),
    limitHigh: new Uint32Array(count),
    offsetLow: new Uint32Array(count),
    offsetHigh: new Uint32Array(count),
    filename: new Uint32Array(count),
    buildId: new Uint32Array(count),
    flags: new Uint8Array(count),
  };
  columns.flags.set(flags, 1);
  for (let i = 0; i < mappings.count; i++) {
    columns.filename[i + 1] = inRange(mappings.filename[i]!, strings.count);
    columns.buildId[i + 1] = buildIds.ofMapping(i);
    if (flags[i] !== 0) continue; // with functions known, addresses are of no use
    columns.startLow[i + 1] = mappings.startLow[i]!;
    columns.startHigh[i + 1] = mappings.startHigh[i]!;
    columns.limitLow[i + 1] = mappings.limitLow[i]!;
    columns.limitHigh[i + 1] = mappings.limitHigh[i]!;
    columns.offsetLow[i + 1] = mappings.offsetLow[i]!;
    columns.offsetHigh[i + 1] = mappings.offsetHigh[i]!;
  }
  return columns;
}

function convertFunctions({ functions, strings }: OtlpDictionary): FunctionColumns {
  const count = Math.max(1, functions.count);
  const columns = {
    name: new Uint32Array(count),
    systemName: new Uint32Array(count),
    filename: new Uint32Array(count),
    startLine: new Int32Array(count),
  };
  for (let i = 1; i < functions.count; i++) {
    columns.name[i] = inRange(functions.name[i]!, strings.count);
    columns.systemName[i] = inRange(functions.systemName[i]!, strings.count);
    columns.filename[i] = inRange(functions.filename[i]!, strings.count);
    columns.startLine[i] = functions.startLine[i]!;
  }
  return columns;
}

/** A name that is not there becomes no name; what uses it is rejected. */
function inRange(index: number, count: number): number {
  return index < count ? index : 0;
}
