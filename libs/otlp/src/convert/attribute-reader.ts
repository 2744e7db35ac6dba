import type { OtlpAttribute, OtlpStrings } from "../otlp-export.ts";

/** An attribute with what its indexes stand for. */
export interface TextAttribute {
  readonly key: string;
  /** Empty when the value cannot be a label: neither text nor integer nor a list of one of them. */
  readonly value: string;
}

const decoder = new TextDecoder();

/** Resolves attributes against the string table, making each string at most once. */
export class AttributeReader {
  readonly #strings: OtlpStrings;
  readonly #attributes: readonly OtlpAttribute[];
  readonly #texts = new Map<number, string>();
  readonly #resolved: (TextAttribute | undefined)[];

  constructor(strings: OtlpStrings, attributes: readonly OtlpAttribute[]) {
    this.#strings = strings;
    this.#attributes = attributes;
    this.#resolved = Array.from({ length: attributes.length });
  }

  /** String `index` of the table; `undefined` when it is out of range. String 0 is always empty. */
  text(index: number): string | undefined {
    if (index === 0) return "";
    const known = this.#texts.get(index);
    if (known !== undefined || index >= this.#strings.count) return known;
    const { bytes, offsets } = this.#strings;
    const text = decoder.decode(bytes.subarray(offsets[index], offsets[index + 1]));
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
    return { key: keyText, value: valueText };
  }
}
