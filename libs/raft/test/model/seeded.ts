/** Chances that a seed decides: the same seed, the same case. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  }

  /** Uniform in `[0, 1)` (Mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number in `[from, to]`. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  isTrue(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)]!;
  }

  /** Each item with this probability, in their order. */
  some<T>(items: readonly T[], probability = 0.5): T[] {
    return items.filter(() => this.isTrue(probability));
  }
}

/** The seeds of `[0, count)` whose case is wrong, at most the first three: with them it can be seen again. */
export function wrongSeeds(count: number, isRight: (chance: Chance, seed: number) => boolean): number[] {
  const wrong: number[] = [];
  for (let seed = 0; seed < count && wrong.length < 3; seed++) {
    if (!isRight(new Chance(seed), seed)) wrong.push(seed);
  }
  return wrong;
}
