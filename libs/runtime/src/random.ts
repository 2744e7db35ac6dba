import { randomFillSync } from "node:crypto";

/** Randomness, handed in. */
export interface Random {
  /** Uniform in `[0, 1)`. */
  next(): number;
  /** Fills `bytes` and returns it. */
  fill(bytes: Uint8Array): Uint8Array;
}

/** Not repeatable; bytes are those of the system, fit for ids. */
export const systemRandom: Random = {
  next: () => Math.random(),
  fill: (bytes) => randomFillSync(bytes),
};

/** Repeatable by seed (Mulberry32): for tests and simulations, not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = next() * 256;
      return bytes;
    },
  };
}
