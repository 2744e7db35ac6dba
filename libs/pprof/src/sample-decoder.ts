import type { Memory } from "@hearth/arena";
import { bytesTag, numberTag, type WireReader } from "@hearth/protobuf-wire";
import { Int64Builder, Uint32Builder, Uint64Builder } from "./growing-columns.ts";
import type { PprofLabels, PprofSamples } from "./pprof-profile.ts";
import { resolveIds, type IdColumn } from "./resolve-ids.ts";

/** Decodes samples and their labels. */
export class SampleDecoder {
  readonly #reader: WireReader;
  readonly #locationEnd: Uint32Builder;
  readonly #valueEnd: Uint32Builder;
  readonly #labelEnd: Uint32Builder;
  readonly #location: Uint64Builder;
  readonly #value: Int64Builder;

  readonly #labelKey: Uint32Builder;
  readonly #labelText: Uint32Builder;
  readonly #labelNumber: Int64Builder;
  readonly #labelNumberUnit: Uint32Builder;

  constructor(reader: WireReader, memory: Memory) {
    this.#reader = reader;
    this.#locationEnd = new Uint32Builder(memory, 1024);
    this.#valueEnd = new Uint32Builder(memory, 1024);
    this.#labelEnd = new Uint32Builder(memory, 1024);
    this.#value = new Int64Builder(memory, 1024);
    this.#labelKey = new Uint32Builder(memory);
    this.#labelText = new Uint32Builder(memory);
    this.#labelNumber = new Int64Builder(memory);
    this.#labelNumberUnit = new Uint32Builder(memory);
    // Locations of stacks are about a tenth of the bytes of a profile.
    this.#location = new Uint64Builder(memory, Math.max(1024, reader.bytes.length >>> 3));
  }

  /** @param locationIds - id of each location, for the samples refer to them by id. */
  finish(locationIds: IdColumn): { samples: PprofSamples; labels: PprofLabels } {
    resolveIds(locationIds, this.#location);
    return {
      samples: {
        count: this.#locationEnd.count,
        locationEnd: this.#locationEnd.finish(),
        location: this.#location.low,
        valueEnd: this.#valueEnd.finish(),
        value: this.#value.finish(),
        labelEnd: this.#labelEnd.finish(),
      },
      labels: {
        count: this.#labelKey.count,
        key: this.#labelKey.finish(),
        text: this.#labelText.finish(),
        number: this.#labelNumber.finish(),
        numberUnit: this.#labelNumberUnit.finish(),
      },
    };
  }

  /** Reads the sample that ends at `end`. */
  read(end: number): void {
    const reader = this.#reader;
    reader.countEntry();
    while (reader.position < end) {
      const tag = reader.uint32();
      switch (tag) {
        case bytesTag(1):
          this.#location.appendPacked(reader, reader.nestedEnd(end));
          break;
        case numberTag(1):
          reader.varint();
          this.#location.append(reader.low, reader.high);
          break;
        case bytesTag(2):
          this.#value.appendPacked(reader, reader.nestedEnd(end));
          break;
        case numberTag(2):
          reader.varint();
          this.#value.append(reader.low, reader.high);
          break;
        case bytesTag(3):
          this.#readLabel(reader.nestedEnd(end));
          break;
        default:
          reader.skip(tag, end);
      }
    }
    reader.closeAt(end);
    this.#locationEnd.append(this.#location.count);
    this.#valueEnd.append(this.#value.count);
    this.#labelEnd.append(this.#labelKey.count);
  }

  #readLabel(end: number): void {
    const reader = this.#reader;
    reader.countEntry();
    let key = 0;
    let text = 0;
    let numberUnit = 0;
    let low = 0;
    let high = 0;
    while (reader.position < end) {
      const tag = reader.uint32();
      switch (tag) {
        case numberTag(1):
          key = reader.uint32();
          break;
        case numberTag(2):
          text = reader.uint32();
          break;
        case numberTag(3):
          reader.varint();
          ({ low, high } = reader);
          break;
        case numberTag(4):
          numberUnit = reader.uint32();
          break;
        default:
          reader.skip(tag, end);
      }
    }
    reader.closeAt(end);
    this.#labelKey.append(key);
    this.#labelText.append(text);
    this.#labelNumber.append(low, high);
    this.#labelNumberUnit.append(numberUnit);
  }
}
