import { bytesTag, fixedTag, numberTag, WireReader } from "@hearth/protobuf-wire";
import { DictionaryBuilder } from "../dictionary-builder.ts";
import { unsupportedLayout } from "../layout-error.ts";
import {
  DEFAULT_OTLP_LIMITS,
  type OtlpAttribute,
  type OtlpExport,
  type OtlpLimits,
  type OtlpProfile,
  type OtlpResource,
  type OtlpScope,
  type OtlpValueType,
} from "../otlp-export.ts";
import { SamplesBuilder } from "../samples-builder.ts";
import { Uint32List } from "../uint32-list.ts";
import { readKeyValue } from "./attribute-decoder.ts";
import { readDictionary } from "./dictionary-decoder.ts";
import { readSample } from "./sample-decoder.ts";
import { detectSampleLayout } from "./sample-layout.ts";

/**
 * Decodes `ExportProfilesServiceRequest`, not compressed, in the layouts of OTLP 1.8 and later. One pass over the bytes
 * notes where samples lie; only after it, when all tables are known, can their layout be told and are they read.
 *
 * @throws {InvalidArgumentError} when the bytes are not such a message, have an older layout, or exceed the limits.
 */
export function decodeOtlpExport(bytes: Uint8Array, limits: OtlpLimits = DEFAULT_OTLP_LIMITS): OtlpExport {
  return new ExportDecoder(new WireReader(bytes, { subject: "otlp export", ...limits })).decode();
}

class ExportDecoder {
  readonly #reader: WireReader;
  readonly #tables = new DictionaryBuilder();
  readonly #resources: OtlpResource[] = [];
  readonly #sampleStart = new Uint32List();
  readonly #sampleEnd = new Uint32List();
  #hasDictionary = false;
  #hasProfiles = false;

  constructor(reader: WireReader) {
    this.#reader = reader;
  }

  decode(): OtlpExport {
    const reader = this.#reader;
    const end = reader.bytes.length;
    while (reader.position < end) {
      const tag = reader.uint32();
      if (tag === bytesTag(1)) this.#resources.push(this.#readResource(reader.nestedEnd(end)));
      else if (tag === bytesTag(2)) this.#readDictionary(reader.nestedEnd(end));
      else reader.skip(tag, end);
    }
    reader.closeAt(end);
    if (this.#hasProfiles && !this.#hasDictionary) {
      throw unsupportedLayout("OTLP 1.6 or earlier (it has no dictionary)");
    }
    const samples = this.#readSamples();
    return { resources: this.#resources, dictionary: this.#tables.build(), samples: samples.build() };
  }

  #readDictionary(end: number): void {
    this.#hasDictionary = true;
    readDictionary(this.#reader, end, this.#tables);
  }

  #readSamples(): SamplesBuilder {
    const reader = this.#reader;
    const ranges = { start: this.#sampleStart.build(), end: this.#sampleEnd.build() };
    const layout = detectSampleLayout(reader, ranges, {
      attributeCount: this.#tables.attributes.length,
      linkCount: this.#tables.links.length,
    });
    const samples = new SamplesBuilder();
    for (let i = 0; i < ranges.start.length; i++) {
      reader.position = ranges.start[i]!;
      readSample(reader, ranges.end[i]!, layout, samples);
    }
    return samples;
  }

  #readResource(end: number): OtlpResource {
    const reader = this.#reader;
    reader.countEntry();
    let attributes: readonly OtlpAttribute[] = [];
    const scopes: OtlpScope[] = [];
    while (reader.position < end) {
      const tag = reader.uint32();
      if (tag === bytesTag(1)) attributes = this.#readAttributes(reader.nestedEnd(end), 1);
      else if (tag === bytesTag(2)) scopes.push(this.#readScope(reader.nestedEnd(end)));
      else reader.skip(tag, end);
    }
    reader.closeAt(end);
    return { attributes, scopes };
  }

  /** Of a resource (field 1) or of a scope (field 3). */
  #readAttributes(end: number, field: number): readonly OtlpAttribute[] {
    const reader = this.#reader;
    const attributes: OtlpAttribute[] = [];
    while (reader.position < end) {
      const tag = reader.uint32();
      if (tag !== bytesTag(field)) {
        reader.skip(tag, end);
        continue;
      }
      reader.countEntry();
      attributes.push(readKeyValue(reader, reader.nestedEnd(end)));
    }
    reader.closeAt(end);
    return attributes;
  }

  #readScope(end: number): OtlpScope {
    const reader = this.#reader;
    reader.countEntry();
    let attributes: readonly OtlpAttribute[] = [];
    const profiles: OtlpProfile[] = [];
    while (reader.position < end) {
      const tag = reader.uint32();
      if (tag === bytesTag(1)) attributes = this.#readAttributes(reader.nestedEnd(end), 3);
      else if (tag === bytesTag(2)) profiles.push(this.#readProfile(reader.nestedEnd(end)));
      else reader.skip(tag, end);
    }
    reader.closeAt(end);
    return { attributes, profiles };
  }

  #readProfile(end: number): OtlpProfile {
    const reader = this.#reader;
    reader.countEntry();
    this.#hasProfiles = true;
    const profile = {
      sampleType: undefined as OtlpValueType | undefined,
      periodType: undefined as OtlpValueType | undefined,
      period: 0n,
      timeUnixNanos: 0n,
      durationNanos: 0n,
      firstSample: this.#sampleStart.count,
      endSample: 0,
    };
    while (reader.position < end) {
      const tag = reader.uint32();
      switch (tag) {
        case bytesTag(1):
          profile.sampleType = this.#readValueType(reader.nestedEnd(end));
          break;
        case bytesTag(2):
          this.#noteSample(reader.nestedEnd(end));
          break;
        case fixedTag(3):
          profile.timeUnixNanos = reader.fixed64Value();
          break;
        case numberTag(4):
          profile.durationNanos = reader.uint64();
          break;
        case bytesTag(5):
          profile.periodType = this.#readValueType(reader.nestedEnd(end));
          break;
        case numberTag(6):
          profile.period = reader.int64();
          break;
        default:
          this.#refuseOlderLayouts(tag);
          reader.skip(tag, end);
      }
    }
    reader.closeAt(end);
    profile.endSample = this.#sampleStart.count;
    return profile;
  }

  /** Up to OTLP 1.7 field 3 was a list, the duration field 5 and the period type field 6. */
  #refuseOlderLayouts(tag: number): void {
    if (tag !== bytesTag(3) && tag !== numberTag(5) && tag !== bytesTag(6)) return;
    throw unsupportedLayout("OTLP 1.7 or earlier");
  }

  #noteSample(end: number): void {
    this.#reader.countEntry();
    this.#sampleStart.append(this.#reader.position);
    this.#sampleEnd.append(end);
    this.#reader.position = end;
  }

  #readValueType(end: number): OtlpValueType {
    const reader = this.#reader;
    let type = 0;
    let unit = 0;
    while (reader.position < end) {
      const tag = reader.uint32();
      if (tag === numberTag(1)) type = reader.uint32();
      else if (tag === numberTag(2)) unit = reader.uint32();
      else reader.skip(tag, end);
    }
    reader.closeAt(end);
    return { type, unit };
  }
}
