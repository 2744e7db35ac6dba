import { DataLossError } from "@hearth/errors";
import type { Label } from "@hearth/labels";
import type { Series } from "./profile-columns.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Series as `u64 fingerprint, u32 labels, then u32 length and bytes of each name and value`, little-endian. */
export function encodeSeries(series: readonly Series[]): Uint8Array {
  const texts = series.map(({ labels }) =>
    labels.flatMap(({ name, value }) => [encoder.encode(name), encoder.encode(value)]),
  );
  const size = texts.reduce(
    (sum, parts) => sum + 12 + parts.reduce((bytes, part) => bytes + 4 + part.length, 0),
    0,
  );
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [index, { fingerprint, labels }] of series.entries()) {
    view.setBigUint64(at, fingerprint, true);
    view.setUint32(at + 8, labels.length, true);
    at += 12;
    for (const part of texts[index]!) {
      view.setUint32(at, part.length, true);
      bytes.set(part, at + 4);
      at += 4 + part.length;
    }
  }
  return bytes;
}

/** @throws {DataLossError} when lengths do not fit the bytes or a label is not UTF-8. */
export function decodeSeries(bytes: Uint8Array): Series[] {
  const reader = new SeriesReader(bytes);
  const series: Series[] = [];
  while (!reader.done) series.push(reader.series());
  return series;
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
