import { create, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { exactToBigInt } from "@hearth/exact-integers";
import {
  type FunctionSchema,
  type LocationSchema,
  type MappingSchema,
  ProfileSchema,
  type Profile,
} from "@hearth/proto/google/v1";
import { stringAt, type Symbols } from "@hearth/symbols";
import { FOLDED_TEXT } from "@hearth/tree";

import { cutStacks, type WrittenSamples } from "./cut-stacks.ts";
import { type GoPgo, preparedForPgo } from "./go-pgo.ts";
import { sumProfiles } from "./profile-sum.ts";

/** Messages before they are made. */
type Function = Exclude<MessageInitShape<typeof FunctionSchema>, Message>;
type Location = Exclude<MessageInitShape<typeof LocationSchema>, Message>;
type Mapping = Exclude<MessageInitShape<typeof MappingSchema>, Message>;

/** What a merged profile says of itself. */
export interface PprofHeader {
  readonly sampleType: string;
  readonly sampleUnit: string;
  readonly periodType: string;
  readonly periodUnit: string;
  readonly period: bigint;
  readonly timeNanos: bigint;
}

export interface PprofOptions {
  readonly header: PprofHeader;
  /** Functions in the call tree to keep, 0 for all. Plays no part for profile-guided optimisation. */
  readonly maxNodes: number;
  readonly goPgo: GoPgo | undefined;
}

/** Adds up the profile columns of backends and writes them as one profile; an empty one when no backend was asked. */
export function mergePprof(
  columns: readonly Uint8Array[],
  { header, maxNodes, goPgo }: PprofOptions,
): Profile {
  if (columns.length === 0) return create(ProfileSchema);
  const whole = sumProfiles(columns);
  const sum = goPgo ? preparedForPgo(whole, goPgo) : whole;
  const samples = cutStacks(sum, goPgo ? 0 : maxNodes);
  return new PprofWriter(sum.symbols).write(samples, header);
}

/** Key of the location and the function that stand for all frames that were cut off. */
const FOLDED_KEY = -1;

/** Writes symbols as pprof, numbered from 1 as samples use them. */
class PprofWriter {
  readonly #symbols: Symbols;
  readonly #strings: string[] = [""];
  readonly #stringIndexes = new Map<string, number>();
  readonly #functions = new Map<number, Function>();
  readonly #mappings = new Map<number, Mapping>();
  readonly #locations = new Map<number, Location>();

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
  }

  write({ stacktrace, isCut, values }: WrittenSamples, header: PprofHeader): Profile {
    const sampleType = { type: this.#text(header.sampleType), unit: this.#text(header.sampleUnit) };
    const sample = Array.from(stacktrace, (stack, index) => ({
      locationId: [...(isCut[index] === 0 ? [] : [this.#foldedLocation()]), ...this.#stack(stack)],
      value: [exactToBigInt(values, index)],
    }));
    return create(ProfileSchema, {
      sampleType: [sampleType],
      defaultSampleType: sampleType.type,
      periodType: { type: this.#text(header.periodType), unit: this.#text(header.periodUnit) },
      period: header.period,
      timeNanos: header.timeNanos,
      sample,
      mapping: [...this.#mappings.values()],
      location: [...this.#locations.values()],
      function: [...this.#functions.values()],
      stringTable: this.#strings,
    });
  }

  /** Location ids, the leaf first. */
  #stack(stacktrace: number): bigint[] {
    const { parent, location } = this.#symbols.stacktraces;
    const ids: bigint[] = [];
    for (let stack = stacktrace; stack !== 0; stack = parent[stack]!)
      ids.push(this.#location(location[stack]!));
    return ids;
  }

  #location(index: number): bigint {
    return idOf(this.#locations, index, (id) => {
      const { locations, lines } = this.#symbols;
      const line: NonNullable<Location["line"]> = [];
      for (let i = locations.firstLine[index]!; i < locations.firstLine[index + 1]!; i++) {
        line.push({ functionId: this.#function(lines.functionIndex[i]!), line: BigInt(lines.line[i]!) });
      }
      return {
        id,
        mappingId: this.#mapping(locations.mapping[index]!),
        address: joined(locations.addressLow, locations.addressHigh, index),
        line,
        isFolded: locations.isFolded[index] === 1,
      };
    });
  }

  #function(index: number): bigint {
    if (index === 0) return 0n;
    const { name, systemName, filename, startLine } = this.#symbols.functions;
    return idOf(this.#functions, index, (id) => ({
      id,
      name: this.#string(name[index]!),
      systemName: this.#string(systemName[index]!),
      filename: this.#string(filename[index]!),
      startLine: BigInt(startLine[index]!),
    }));
  }

  /** Locations without a mapping get an empty one: clients and older tools expect every location to have one. */
  #mapping(index: number): bigint {
    const columns = this.#symbols.mappings;
    const flags = columns.flags[index]!;
    return idOf(this.#mappings, index, (id) => ({
      id,
      memoryStart: joined(columns.startLow, columns.startHigh, index),
      memoryLimit: joined(columns.limitLow, columns.limitHigh, index),
      fileOffset: joined(columns.offsetLow, columns.offsetHigh, index),
      filename: this.#string(columns.filename[index]!),
      buildId: this.#string(columns.buildId[index]!),
      hasFunctions: (flags & 1) !== 0,
      hasFilenames: (flags & 2) !== 0,
      hasLineNumbers: (flags & 4) !== 0,
      hasInlineFrames: (flags & 8) !== 0,
    }));
  }

  #foldedLocation(): bigint {
    const firstMapping = Math.min(1, this.#symbols.mappings.flags.length - 1);
    return idOf(this.#locations, FOLDED_KEY, (id) => ({
      id,
      mappingId: this.#mapping(firstMapping),
      line: [{ functionId: this.#foldedFunction() }],
    }));
  }

  #foldedFunction(): bigint {
    const name = this.#text(FOLDED_TEXT);
    return idOf(this.#functions, FOLDED_KEY, (id) => ({ id, name, systemName: name }));
  }

  #string(index: number): bigint {
    return index === 0 ? 0n : this.#text(stringAt(this.#symbols.strings, index));
  }

  #text(text: string): bigint {
    if (text === "") return 0n;
    let index = this.#stringIndexes.get(text);
    if (index === undefined) this.#stringIndexes.set(text, (index = this.#strings.push(text) - 1));
    return BigInt(index);
  }
}

function joined(low: Uint32Array, high: Uint32Array, index: number): bigint {
  return (BigInt(high[index]!) << 32n) | BigInt(low[index]!);
}

/** The id of an entry, made when it is first needed. */
function idOf<T extends { readonly id?: bigint }>(
  entries: Map<number, T>,
  index: number,
  make: (id: bigint) => T,
): bigint {
  const id = entries.get(index)?.id;
  if (id !== undefined) return id;
  const next = BigInt(entries.size + 1);
  entries.set(index, make(next));
  return next;
}
