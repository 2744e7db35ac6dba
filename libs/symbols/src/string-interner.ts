import { heap, type Memory } from "@hearth/arena";
import type { StringColumn } from "./columns.ts";
import { grown } from "./growable.ts";
import { equalViews, hashView } from "./hash.ts";
import { pickStrings } from "./pick-strings.ts";
import { doubledSlots, placeSlot } from "./slot-table.ts";

/** Distinct byte strings, numbered as they come; string 0 is empty. Makes no JavaScript string. */
export class StringInterner {
  readonly #memory: Memory;
  #bytes: Uint8Array;
  #view: DataView;
  /** What strings were taken from last, which is mostly what the next is taken from. */
  #source: Uint8Array;
  #sourceView: DataView;
  #offsets: Uint32Array;
  /** As in `SlotTable`, which is not called: this is the hottest table of all. */
  #slots: Int32Array;
  #count = 0;

  /** @param memory - where the strings lie. */
  constructor(memory: Memory = heap) {
    this.#memory = memory;
    this.#bytes = memory.uint8(1024);
    this.#view = viewOf(this.#bytes);
    this.#source = this.#bytes;
    this.#sourceView = this.#view;
    this.#offsets = memory.uint32(64);
    this.#slots = memory.int32(256);
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
    const found = this.#find(hash, start, end);
    return found >= 0 ? found : this.#add(hash, bytes, start, end);
  }

  /**
   * Looks up many strings.
   *
   * @param wanted - 1 for each string to look up.
   * @param numbers - where the numbers of those that are here go.
   */
  findAll({ bytes, offsets }: StringColumn, wanted: Uint8Array, numbers: Uint32Array): void {
    if (bytes !== this.#source) this.#takeFrom(bytes);
    const view = this.#sourceView;
    for (let i = 1; i < wanted.length; i++) {
      if (wanted[i] === 0) continue;
      const start = offsets[i]!;
      const end = offsets[i + 1]!;
      const found = this.#find(hashView(view, start, end), start, end);
      if (found >= 0) numbers[i] = found;
    }
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

  #find(hash: number, start: number, end: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const entry = slots[at + 1]!;
      if (entry === 0) return -1;
      if (slots[at] === hash && this.#equals(entry - 1, start, end)) return entry - 1;
    }
  }

  #equals(id: number, start: number, end: number): boolean {
    const from = this.#offsets[id]!;
    const length = end - start;
    if (this.#offsets[id + 1]! - from !== length) return false;
    return equalViews(this.#view, from, this.#sourceView, start, length);
  }

  #add(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const id = this.#count++;
    const from = this.#offsets[id]!;
    const to = from + end - start;
    if (to > this.#bytes.length) this.#growBytes(to);
    this.#offsets = grown(this.#offsets, id + 2, this.#memory);
    const own = this.#bytes;
    for (let i = start, j = from; i < end; i++, j++) own[j] = bytes[i]!;
    this.#offsets[id + 1] = to;
    if (this.#count * 4 > this.#slots.length) this.#slots = doubledSlots(this.#slots, this.#memory);
    placeSlot(this.#slots, hash, id + 1);
    return id;
  }

  #growBytes(capacity: number): void {
    this.#bytes = grown(this.#bytes, capacity, this.#memory);
    this.#view = viewOf(this.#bytes);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
