import { heap, type Memory } from "@hearth/arena";
import type { PprofProfile, PprofSamples } from "@hearth/pprof";

/**
 * A decoded profile while it is mended and checked: strings can be replaced and added, stacks cut and lengthened,
 * sample types dropped. It owns the columns of the profile it is made of and changes them in place.
 */
export class WorkingProfile {
  pprof: PprofProfile;
  /** Where all lies that is made of the profile until its rows are encoded. */
  readonly memory: Memory;
  /** Grows when strings are replaced: `stringStart` and `stringEnd` are offsets into it. */
  #bytes: Uint8Array;
  #bytesUsed: number;
  #stringStart: Uint32Array;
  #stringEnd: Uint32Array;
  #stringCount: number;
  /** Whether strings were changed such that functions may have become equal. */
  hasEqualSymbols = false;

  /** Numbers of locations, leaf first: sample `i` has `[stackStart[i], stackEnd[i])`. */
  stackLocations: Uint32Array;
  stackStart: Uint32Array;
  stackEnd: Uint32Array;

  constructor(pprof: PprofProfile, memory: Memory = heap) {
    this.pprof = pprof;
    this.memory = memory;
    this.#bytes = pprof.bytes;
    this.#bytesUsed = pprof.bytes.length;
    this.#stringStart = pprof.strings.start;
    this.#stringEnd = pprof.strings.end;
    this.#stringCount = pprof.strings.count;
    this.stackLocations = pprof.samples.location;
    this.stackEnd = pprof.samples.locationEnd;
    this.stackStart = startsOf(pprof.samples, memory);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get stringStart(): Uint32Array {
    return this.#stringStart;
  }

  get stringEnd(): Uint32Array {
    return this.#stringEnd;
  }

  get stringCount(): number {
    return this.#stringCount;
  }

  /** String `index` as text; made for the few that decide something, not for symbols. */
  text(index: number): string {
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength).toString(
      "utf8",
      this.#stringStart[index],
      this.#stringEnd[index],
    );
  }

  /** The stretch of {@link bytes} in which all strings lie: `[first, end)`. */
  stringBounds(): { first: number; end: number } {
    let first = this.#bytes.length;
    let end = 0;
    for (let index = 0; index < this.#stringCount; index++) {
      if (this.#stringStart[index]! < first) first = this.#stringStart[index]!;
      if (this.#stringEnd[index]! > end) end = this.#stringEnd[index]!;
    }
    return first < end ? { first, end } : { first: 0, end: 0 };
  }

  replaceString(index: number, content: Uint8Array): void {
    this.#reserveBytes(content.length);
    this.#bytes.set(content, this.#bytesUsed);
    this.#stringStart[index] = this.#bytesUsed;
    this.#bytesUsed += content.length;
    this.#stringEnd[index] = this.#bytesUsed;
  }

  /** @returns its index. */
  addString(content: Uint8Array): number {
    const index = this.#stringCount++;
    if (index >= this.#stringStart.length) {
      this.#stringStart = withRoom(this.#stringStart, this.memory);
      this.#stringEnd = withRoom(this.#stringEnd, this.memory);
    }
    this.replaceString(index, content);
    return index;
  }

  /** @param tails - locations to put behind the root of stacks, by sample. */
  lengthenStacks(tails: ReadonlyMap<number, readonly number[]>): void {
    let size = this.stackLocations.length;
    for (const [sample, tail] of tails)
      size += this.stackEnd[sample]! - this.stackStart[sample]! + tail.length;
    const locations = this.memory.uint32(size);
    locations.set(this.stackLocations);
    let position = this.stackLocations.length;
    for (const [sample, tail] of tails) {
      const stack = this.stackLocations.subarray(this.stackStart[sample], this.stackEnd[sample]);
      locations.set(stack, position);
      locations.set(tail, position + stack.length);
      this.stackStart[sample] = position;
      position += stack.length + tail.length;
      this.stackEnd[sample] = position;
    }
    this.stackLocations = locations;
  }

  /** Puts other samples in the place of all. */
  replaceSamples(samples: PprofSamples): void {
    this.pprof = { ...this.pprof, samples };
    this.stackLocations = samples.location;
    this.stackEnd = samples.locationEnd;
    this.stackStart = startsOf(samples, this.memory);
  }

  #reserveBytes(sizeBytes: number): void {
    const needed = this.#bytesUsed + sizeBytes;
    if (needed <= this.#bytes.length) return;
    const larger = this.memory.uint8(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#bytesUsed));
    this.#bytes = larger;
  }
}

/** Each stack begins where the one before ends. */
function startsOf({ count, locationEnd }: PprofSamples, memory: Memory): Uint32Array {
  const starts = memory.uint32(count);
  starts.set(locationEnd.subarray(0, -1), Math.min(1, count));
  return starts;
}

function withRoom(items: Uint32Array, memory: Memory): Uint32Array {
  const larger = memory.uint32(items.length * 2 + 16);
  larger.set(items);
  return larger;
}
