import type { Memory } from "@hearth/arena";
import { ExactSums, type ExactColumn } from "@hearth/exact-integers";
import { finish, mix, SlotTable } from "@hearth/symbols";

/** Selected samples, with what tells them apart and what is summed. */
export interface SummableSamples {
  /** Index of the stack trace of each. */
  readonly stacktrace: Uint32Array;
  /** One more than the greatest stack trace. */
  readonly stacktraceCount: number;
  /** Index of each in the profile. */
  readonly sample: Uint32Array;
  /** Values of all samples of the profile, `typeCount` for each. */
  readonly value: ExactColumn;
  readonly typeCount: number;
  /** Sample types to sum. */
  readonly types: readonly number[];
  readonly spanId: Uint8Array | undefined;
  readonly traceId: Uint8Array | undefined;
  /** Where the sums lie. */
  readonly memory: Memory;
}

/** Samples of a group: no two are equal in stack trace, span and trace. */
export interface SummedSamples {
  readonly count: number;
  readonly stacktrace: Uint32Array;
  /** A column for each sample type that was summed. */
  readonly values: readonly ExactColumn[];
  readonly spanId: Uint8Array | undefined;
  readonly traceId: Uint8Array | undefined;
}

/** Sums the values of samples that are equal, group after group. */
export class SampleSummer {
  readonly #samples: SummableSamples;
  /** One more than the slot of each stack trace in the group at hand, where samples have no spans. */
  readonly #slotOfStacktrace: Uint32Array;

  constructor(samples: SummableSamples) {
    this.#samples = samples;
    this.#slotOfStacktrace = samples.memory.uint32(samples.stacktraceCount);
  }

  /** @param positions - the samples of a group. */
  sum(positions: Uint32Array): SummedSamples {
    const { spanId, traceId } = this.#samples;
    const hasSpans = spanId !== undefined || traceId !== undefined;
    const slots = hasSpans ? this.#slotsBySpan(positions) : this.#slotsByStacktrace(positions);
    return {
      count: slots.first.length,
      stacktrace: this.#stacktracesOf(slots.first),
      values: this.#sumValues(positions, slots),
      spanId: pick(spanId, 8, slots.first),
      traceId: pick(traceId, 16, slots.first),
    };
  }

  #stacktracesOf(positions: Uint32Array): Uint32Array {
    const stacktraces = this.#samples.memory.uint32(positions.length);
    for (let i = 0; i < positions.length; i++) stacktraces[i] = this.#samples.stacktrace[positions[i]!]!;
    return stacktraces;
  }

  #slotsByStacktrace(positions: Uint32Array): Slots {
    const { stacktrace } = this.#samples;
    const slotOf = this.#samples.memory.uint32(positions.length);
    const first = this.#samples.memory.uint32(positions.length);
    let count = 0;
    for (let index = 0; index < positions.length; index++) {
      const node = stacktrace[positions[index]!]!;
      if (this.#slotOfStacktrace[node] === 0) {
        first[count++] = positions[index]!;
        this.#slotOfStacktrace[node] = count;
      }
      slotOf[index] = this.#slotOfStacktrace[node]! - 1;
    }
    for (let slot = 0; slot < count; slot++) this.#slotOfStacktrace[stacktrace[first[slot]!]!] = 0; // for the next group
    return { slotOf, first: first.subarray(0, count) };
  }

  #slotsBySpan(positions: Uint32Array): Slots {
    const slotOf = this.#samples.memory.uint32(positions.length);
    const first = this.#samples.memory.uint32(positions.length);
    const table = new SlotTable(positions.length, this.#samples.memory);
    let current = 0;
    const equalsCurrent = (slot: number): boolean => this.#areEqual(first[slot]!, current);
    for (let index = 0; index < positions.length; index++) {
      current = positions[index]!;
      const hash = this.#hashOf(current);
      const known = table.find(hash, equalsCurrent);
      slotOf[index] = known >= 0 ? known : table.add(hash);
      if (known < 0) first[slotOf[index]!] = current;
    }
    return { slotOf, first: first.subarray(0, table.count) };
  }

  #hashOf(position: number): number {
    const { stacktrace, spanId, traceId } = this.#samples;
    let hash = mix(0, stacktrace[position]!);
    if (spanId !== undefined) hash = mixBytes(hash, spanId, 8 * position, 8);
    if (traceId !== undefined) hash = mixBytes(hash, traceId, 16 * position, 16);
    return finish(hash);
  }

  #areEqual(a: number, b: number): boolean {
    const { stacktrace, spanId, traceId } = this.#samples;
    return stacktrace[a] === stacktrace[b] && areEqualAt(spanId, 8, a, b) && areEqualAt(traceId, 16, a, b);
  }

  #sumValues(positions: Uint32Array, { slotOf, first }: Slots): ExactSums[] {
    const { sample, value, typeCount, types, memory } = this.#samples;
    const { low, high } = value;
    return types.map((type) => {
      const sums = new ExactSums(first.length, memory);
      for (let index = 0; index < positions.length; index++) {
        const at = sample[positions[index]!]! * typeCount + type;
        sums.add(slotOf[index]!, low[at]!, high === undefined ? 0 : high[at]!);
      }
      return sums;
    });
  }
}

interface Slots {
  /** Slot of each of the group's samples. */
  readonly slotOf: Uint32Array;
  /** The first sample of each slot. */
  readonly first: Uint32Array;
}

function mixBytes(hash: number, bytes: Uint8Array, start: number, length: number): number {
  let mixed = hash;
  for (let at = start; at < start + length; at += 4) {
    mixed = mix(mixed, bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
  }
  return mixed;
}

function areEqualAt(bytes: Uint8Array | undefined, size: number, a: number, b: number): boolean {
  if (bytes === undefined) return true;
  for (let i = 0; i < size; i++) {
    if (bytes[a * size + i] !== bytes[b * size + i]) return false;
  }
  return true;
}

function pick(bytes: Uint8Array | undefined, size: number, positions: Uint32Array): Uint8Array | undefined {
  if (bytes === undefined) return undefined;
  const picked = new Uint8Array(size * positions.length);
  for (const [index, position] of positions.entries()) {
    picked.set(bytes.subarray(size * position, size * (position + 1)), size * index);
  }
  return picked;
}
