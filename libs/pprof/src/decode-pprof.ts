import { heap, type Memory } from "@hearth/arena";
import { bytesTag, numberTag, WireReader } from "@hearth/protobuf-wire";
import { Uint32Builder } from "./growing-columns.ts";
import type { PprofProfile, PprofValueType } from "./pprof-profile.ts";
import { SampleDecoder } from "./sample-decoder.ts";
import { FunctionDecoder, LocationDecoder, MappingDecoder } from "./symbol-decoder.ts";

export interface DecodePprofOptions {
  /**
   * Mends profiles of old .NET agents: where no function has an id and there are as many functions as locations, each
   * function takes the id of the location of its number.
   */
  readonly repairFunctionIds?: boolean;
  /** Where the columns lie; the heap when absent. */
  readonly memory?: Memory;
}

/**
 * Decodes a profile (`google.v1.Profile`, not compressed) in one pass over the bytes into typed arrays, without an
 * object per symbol or sample. Takes packed and unpacked numbers, unknown fields, ids of 64 bits in any order.
 *
 * Memory is bounded by the input: at worst some 20 bytes for each one, however the message is made up; messages with
 * more entries than real ones can have in so many bytes are refused.
 *
 * @throws {InvalidArgumentError} when the bytes are not such a message.
 */
export function decodePprof(bytes: Uint8Array, options: DecodePprofOptions = {}): PprofProfile {
  const decoder = new PprofDecoder(bytes, options.memory ?? heap);
  decoder.readProfile();
  return decoder.finish(options);
}

class PprofDecoder {
  readonly #reader: WireReader;
  readonly #samples: SampleDecoder;
  readonly #mappings: MappingDecoder;
  readonly #locations: LocationDecoder;
  readonly #functions: FunctionDecoder;
  readonly #stringStart: Uint32Builder;
  readonly #stringEnd: Uint32Builder;
  readonly #sampleTypes: PprofValueType[] = [];
  readonly #comments: Uint32Builder;
  #periodType: PprofValueType | undefined;
  #timeNanos = 0n;
  #durationNanos = 0n;
  #period = 0n;
  #defaultSampleType = 0;
  #dropFrames = 0;
  #keepFrames = 0;

  constructor(bytes: Uint8Array, memory: Memory) {
    this.#reader = new WireReader(bytes);
    this.#stringStart = new Uint32Builder(memory, 1024);
    this.#stringEnd = new Uint32Builder(memory, 1024);
    this.#comments = new Uint32Builder(memory);
    this.#samples = new SampleDecoder(this.#reader, memory);
    this.#mappings = new MappingDecoder(this.#reader, memory);
    this.#locations = new LocationDecoder(this.#reader, memory);
    this.#functions = new FunctionDecoder(this.#reader, memory);
  }

  readProfile(): void {
    const reader = this.#reader;
    const end = reader.bytes.length;
    while (reader.position < end) this.#readField(reader.uint32(), end);
    reader.closeAt(end);
  }

  #readField(tag: number, limit: number): void {
    const reader = this.#reader;
    switch (tag) {
      case bytesTag(1):
        reader.countEntry();
        this.#sampleTypes.push(this.#readValueType(limit, undefined));
        return;
      case bytesTag(2):
        return this.#samples.read(reader.nestedEnd(limit));
      case bytesTag(3):
        return this.#mappings.read(reader.nestedEnd(limit));
      case bytesTag(4):
        return this.#locations.read(reader.nestedEnd(limit));
      case bytesTag(5):
        return this.#functions.read(reader.nestedEnd(limit));
      case bytesTag(6): {
        const end = reader.nestedEnd(limit);
        this.#stringStart.append(reader.position);
        this.#stringEnd.append(end);
        reader.position = end;
        return;
      }
      case bytesTag(11):
        this.#periodType = this.#readValueType(limit, this.#periodType);
        return;
      default:
        return this.#readNumber(tag, limit);
    }
  }

  #readNumber(tag: number, limit: number): void {
    const reader = this.#reader;
    switch (tag) {
      case numberTag(7):
        this.#dropFrames = reader.uint32();
        return;
      case numberTag(8):
        this.#keepFrames = reader.uint32();
        return;
      case numberTag(9):
        this.#timeNanos = reader.int64();
        return;
      case numberTag(10):
        this.#durationNanos = reader.int64();
        return;
      case numberTag(12):
        this.#period = reader.int64();
        return;
      case numberTag(13):
        this.#comments.append(reader.uint32());
        return;
      case bytesTag(13): {
        const end = reader.nestedEnd(limit);
        while (reader.position < end) this.#comments.append(reader.uint32());
        return reader.closeAt(end);
      }
      case numberTag(14):
        this.#defaultSampleType = reader.uint32();
        return;
      default:
        return reader.skip(tag, limit);
    }
  }

  /** @param before - what the message said already: fields that come again replace, the others stay. */
  #readValueType(limit: number, before: PprofValueType | undefined): PprofValueType {
    const reader = this.#reader;
    const end = reader.nestedEnd(limit);
    let type = before?.type ?? 0;
    let unit = before?.unit ?? 0;
    while (reader.position < end) {
      const tag = reader.uint32();
      if (tag === numberTag(1)) type = reader.uint32();
      else if (tag === numberTag(2)) unit = reader.uint32();
      else reader.skip(tag, end);
    }
    reader.closeAt(end);
    return { type, unit };
  }

  finish(options: DecodePprofOptions): PprofProfile {
    if (options.repairFunctionIds === true) this.#functions.repairIds(this.#locations.ids);
    return {
      bytes: this.#reader.bytes,
      strings: {
        count: this.#stringStart.count,
        start: this.#stringStart.finish(),
        end: this.#stringEnd.finish(),
      },
      sampleTypes: this.#sampleTypes,
      ...this.#samples.finish(this.#locations.ids),
      mappings: this.#mappings.finish(),
      ...this.#locations.finish({ mappings: this.#mappings.ids, functions: this.#functions.ids }),
      functions: this.#functions.finish(),
      periodType: this.#periodType,
      period: this.#period,
      timeNanos: this.#timeNanos,
      durationNanos: this.#durationNanos,
      comments: this.#comments.finish(),
      defaultSampleType: this.#defaultSampleType,
      dropFrames: this.#dropFrames,
      keepFrames: this.#keepFrames,
    };
  }
}
