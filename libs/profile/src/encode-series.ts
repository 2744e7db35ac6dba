import { DataLossError } from "@hearth/errors";
import type { Label, Labels } from "@hearth/labels";
import type { Series } from "./profile-columns.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Series as `u64 fingerprint, u32 labels, then u32 length and bytes of each name and value`, little-endian. */
export function encodeSeries(series: readonly Series[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(series.reduce((sum, { labels }) => sum + 12 + greatestSize(labels), 0));
  let at = 0;
  for (const { fingerprint, labels } of series) {
    at = bytes.writeBigUInt64LE(fingerprint, at);
    at = bytes.writeUInt32LE(labels.length, at);
    for (const { name, value } of labels) at = writeText(bytes, value, writeText(bytes, name, at));
  }
  return bytes.subarray(0, at);
}

/** What labels take at most: a character of a string becomes up to three bytes. */
function greatestSize(labels: Labels): number {
  return labels.reduce((sum, { name, value }) => sum + 8 + 3 * (name.length + value.length), 0);
}

/** @returns where the text ends. */
function writeText(bytes: Buffer, text: string, at: number): number {
  const length = bytes.write(text, at + 4, "utf8");
  bytes.writeUInt32LE(length, at);
  return at + 4 + length;
}

/** @throws {DataLossError} when lengths do not fit the bytes or a label is not UTF-8. */
export function decodeSeries(bytes: Uint8Array): Series[] {
  const reader = new SeriesReader(bytes);
  const series: Series[] = [];
  while (!reader.done) series.push(reader.series());
  return series;
}

/** The fingerprints alone. @throws as {@link decodeSeries}, for lengths. */
export function readFingerprints(bytes: Uint8Array): bigint[] {
  const reader = new SeriesReader(bytes);
  const fingerprints: bigint[] = [];
  while (!reader.done) fingerprints.push(reader.fingerprint());
  return fingerprints;
}

class SeriesReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  series(): Series {
    const fingerprint = this.#view.getBigUint64(this.#take(8), true);
    const count = this.#view.getUint32(this.#take(4), true);
    const labels: Label[] = [];
    for (let i = 0; i < count; i++) labels.push({ name: this.#text(), value: this.#text() });
    return { labels, fingerprint };
  }

  /** Of the next series, whose labels are passed over. */
  fingerprint(): bigint {
    const fingerprint = this.#view.getBigUint64(this.#take(8), true);
    const texts = 2 * this.#view.getUint32(this.#take(4), true);
    for (let i = 0; i < texts; i++) this.#take(this.#view.getUint32(this.#take(4), true));
    return fingerprint;
  }

  #text(): string {
    const length = this.#view.getUint32(this.#take(4), true);
    const start = this.#take(length);
    try {
      return decoder.decode(this.#bytes.subarray(start, start + length));
    } catch (error) {
      throw new DataLossError("profile columns: label is not UTF-8", { cause: error });
    }
  }

  #take(size: number): number {
    const start = this.#at;
    if (start + size > this.#bytes.length) throw new DataLossError("profile columns: series end early");
    this.#at += size;
    return start;
  }
}
