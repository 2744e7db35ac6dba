import { xxHash64 } from "@hearth/profile";
import type { OtlpAttribute, OtlpStrings } from "../otlp-export.ts";

/** An attribute with what its indexes stand for. */
export interface TextAttribute {
  readonly key: string;
  /** Empty when the value cannot be a label: neither text nor integer nor a list of one of them. */
  readonly value: string;
}

/**
 * No label may be that long by far; what many attributes or profiles refer to must not cost its whole length each time.
 * In bytes of UTF-8 or in characters, as is at hand.
 */
const MAX_TEXT_LENGTH = 16_384;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Resolves attributes against the string table, making each string at most once. */
export class AttributeReader {
  readonly #strings: OtlpStrings;
  readonly #attributes: readonly OtlpAttribute[];
  readonly #texts = new Map<number, string>();
  readonly #hashes = new Map<string, bigint>();
  readonly #resolved: (TextAttribute | undefined)[];

  constructor(strings: OtlpStrings, attributes: readonly OtlpAttribute[]) {
    this.#strings = strings;
    this.#attributes = attributes;
    this.#resolved = Array.from({ length: attributes.length });
  }

  /** String `index` of the table, cut when it is very long; `undefined` when it is out of range. String 0 is empty. */
  text(index: number): string | undefined {
    if (index === 0) return "";
    const known = this.#texts.get(index);
    if (known !== undefined || index >= this.#strings.count) return known;
    const { bytes, offsets } = this.#strings;
    const start = offsets[index]!;
    const end = Math.min(offsets[index + 1]!, start + MAX_TEXT_LENGTH);
    const text = decoder.decode(bytes.subarray(start, end));
    this.#texts.set(index, text);
    return text;
  }

  /** Attribute `index` of the table; `undefined` when it, or a string it refers to, is out of range. */
  tableEntry(index: number): TextAttribute | undefined {
    const attribute = this.#attributes[index];
    if (attribute === undefined) return undefined;
    return (this.#resolved[index] ??= this.resolve(attribute));
  }

  /** @returns `undefined` when a string it refers to is out of range. */
  resolve({ key, keyIndex, value }: OtlpAttribute): TextAttribute | undefined {
    const keyText = key === "" ? this.text(keyIndex) : key;
    const valueText = typeof value === "number" ? this.text(value) : (value ?? "");
    if (keyText === undefined || valueText === undefined) return undefined;
    return { key: keyText.slice(0, MAX_TEXT_LENGTH), value: valueText.slice(0, MAX_TEXT_LENGTH) };
  }

  /** Sixteen bytes that stand for a list of attributes. */
  identityOf(attributes: readonly TextAttribute[]): Uint8Array {
    const hashes = attributes.flatMap(({ key, value }) => [this.hashOf(key), this.hashOf(value)]);
    const bytes = new Uint8Array(BigUint64Array.from(hashes).buffer);
    return new Uint8Array(BigUint64Array.of(xxHash64(bytes), xxHash64(bytes, 1n)).buffer);
  }

  /** A hash of a text, made once. */
  hashOf(text: string): bigint {
    const known = this.#hashes.get(text);
    if (known !== undefined) return known;
    const hash = xxHash64(encoder.encode(text));
    this.#hashes.set(text, hash);
    return hash;
  }
}
