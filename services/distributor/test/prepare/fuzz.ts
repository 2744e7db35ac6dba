import type { Random } from "@hearth/runtime";
import { checkSymbols } from "@hearth/symbols";

import { preparePprof, type Relabeling } from "../../src/prepare/index.ts";
import { inputOf } from "./prepared-view.ts";

/**
 * Prepares bodies made by `mutate`. Whatever the bytes, preparing ends with an outcome, and symbols that are prepared
 * are whole.
 *
 * @throws whatever preparing threw.
 * @returns how many were refused.
 */
export function fuzzPreparePprof(options: {
  readonly corpus: readonly Uint8Array[];
  readonly rounds: number;
  readonly random: Random;
  readonly mutate: (body: Uint8Array, random: Random) => Uint8Array;
  readonly relabeling?: Relabeling;
}): number {
  const { corpus, rounds, random, mutate, relabeling } = options;
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const body = mutate(corpus[Math.floor(random.next() * corpus.length)]!, random);
    const ingest = random.next() < 0.3 ? { ingest: { spyName: "rbspy", fromNanos: 1n } } : {};
    const limits = { rejectOlderThanMs: 0, rejectNewerThanMs: 0 };
    const outcome = preparePprof(inputOf(body, { ...ingest, limits }), relabeling);
    if (outcome.type === "rejected") refused++;
    else for (const { profile } of outcome.services) checkSymbols(profile.symbols);
  }
  return refused;
}
