import { seededRandom, type Random } from "@hearth/runtime";

/** Chance with the words that a simulation needs. */
export class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  next = (): number => this.#random.next();

  chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  /** In `[from, to)`. */
  between(from: number, to: number): number {
    return from + this.#random.next() * (to - from);
  }

  /** In `[from, to]`. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.#random.next() * (to - from + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random.next() * items.length)]!;
  }

  shuffled<T>(items: readonly T[]): T[] {
    const left = [...items];
    const out: T[] = [];
    while (left.length > 0) out.push(...left.splice(Math.floor(this.#random.next() * left.length), 1));
    return out;
  }

  /** Many small values and a few large ones. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.#random.next());
  }
}

/** Chance in separate streams, so that taking one kind of trouble away leaves the others as they were. */
export interface Streams {
  readonly net: Dice;
  readonly disk: Dice;
  readonly ops: Dice;
  readonly faults: Dice;
  readonly timing: Dice;
}

export function streamsOf(seed: number): Streams {
  const stream = (salt: number): Dice =>
    new Dice(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b));
  return { net: stream(1), disk: stream(2), ops: stream(3), faults: stream(4), timing: stream(5) };
}
