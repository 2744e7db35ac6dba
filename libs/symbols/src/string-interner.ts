import { heap, type Memory } from "@hearth/arena";
import type { StringColumn } from "./columns.ts";
import { grown } from "./growable.ts";
import { equalViews, hashView } from "./hash.ts";
import { pickStrings } from "./pick-strings.ts";

/** Distinct byte strings, numbered as they come; string 0 is empty. Makes no JavaScript string. */
export class StringInterner {
  readonly #memory: Memory;
  #bytes: Uint8Array;
  #view: DataView;
  /** What strings were taken from last, which is mostly what the next is taken from. */
  #source: Uint8Array;
  #sourceView: DataView;
  #offsets: Uint32Array;
  #hashes: Int32Array;
  /** id + 1 at its slot, 0 where free. Probed inline: this is the hottest table of all. */
  #slots: Uint32Array;
  #count = 0;

  /** @param memory - where the strings lie. */
  constructor(memory: Memory = heap) {
    this.#memory = memory;
    this.#bytes = memory.uint8(1024);
    this.#view = viewOf(this.#bytes);
    this.#source = this.#bytes;
    this.#sourceView = this.#view;
    this.#offsets = memory.uint32(64);
    this.#hashes = memory.int32(64);
    this.#slots = memory.uint32(128);
    this.intern(this.#bytes, 0, 0);
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes held, without tables. */
  get sizeBytes(): number {
    return this.#offsets[this.#count]!;
  }

  /** The number of the string `bytes[start, end)`. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    if (bytes !== this.#source) this.#takeFrom(bytes);
    const hash = hashView(this.#sourceView, start, end);
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (let entry = slots[slot]!; entry !== 0; entry = slots[slot]!) {
      if (this.#hashes[entry - 1] === hash && this.#equals(entry - 1, start, end)) return entry - 1;
      slot = (slot + 1) & mask;
    }
    return this.#add(hash, slot, bytes, start, end);
  }

  internString(text: string): number {
    const bytes = new TextEncoder().encode(text);
    return this.intern(bytes, 0, bytes.length);
  }

  /** The strings so far, copied to size. */
  build(): StringColumn {
    return {
      bytes: this.#bytes.slice(0, this.sizeBytes),
      offsets: this.#offsets.slice(0, this.#count + 1),
    };
  }

  /** The strings so far, not copied: good until the next string is added. */
  view(): StringColumn {
    return {
      bytes: this.#bytes.subarray(0, this.sizeBytes),
      offsets: this.#offsets.subarray(0, this.#count + 1),
    };
  }

  /** Copies some of the strings, in the given order. */
  pick(chosen: readonly number[]): StringColumn {
    return pickStrings(this.view(), chosen);
  }

  #takeFrom(bytes: Uint8Array): void {
    this.#source = bytes;
    this.#sourceView = viewOf(bytes);
  }

  #equals(id: number, start: number, end: number): boolean {
    const from = this.#offsets[id]!;
    const length = end - start;
    if (this.#offsets[id + 1]! - from !== length) return false;
    return equalViews(this.#view, from, this.#sourceView, start, length);
  }

  #add(hash: number, slot: number, bytes: Uint8Array, start: number, end: number): number {
    const id = this.#count++;
    const from = this.#offsets[id]!;
    const to = from + end - start;
    if (to > this.#bytes.length) this.#growBytes(to);
    this.#offsets = grown(this.#offsets, id + 2, this.#memory);
    this.#hashes = grown(this.#hashes, id + 1, this.#memory);
    const own = this.#bytes;
    for (let i = start, j = from; i < end; i++, j++) own[j] = bytes[i]!;
    this.#offsets[id + 1] = to;
    this.#hashes[id] = hash;
    this.#slots[slot] = id + 1;
    if (this.#count * 2 > this.#slots.length) this.#grow();
    return id;
  }

  #growBytes(capacity: number): void {
    this.#bytes = grown(this.#bytes, capacity, this.#memory);
    this.#view = viewOf(this.#bytes);
  }

  #grow(): void {
    const slots = this.#memory.uint32(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let id = 0; id < this.#count; id++) {
      let slot = this.#hashes[id]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.#slots = slots;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
