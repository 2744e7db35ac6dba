import { DomainError } from "@hearth/errors";
import { seededRandom, systemClock } from "@hearth/runtime";

import { mutate } from "../../libs/pprof/test/fuzz.ts";
import type { Decoder } from "./decoders.ts";
import { pick } from "./mutate-json.ts";

const MAX_DECODE_MS = 1_000;
const MAX_OFFENCES = 5;
/** Now and then the event loop gets its turn, so that rejections nobody handled come to light. */
const INPUTS_PER_TURN = 200;

/**
 * Decodes mutated bytes. Whatever they are, it ends soon and throws nothing but what may be told.
 *
 * @returns a sentence for each offence, at most five, with the seed and index that bring it back.
 */
export async function fuzzDecoder(
  { name, corpus, decode }: Decoder,
  { seed, count }: { readonly seed: number; readonly count: number },
): Promise<string[]> {
  const offences: string[] = [];
  for (let index = 0; index < count && offences.length < MAX_OFFENCES; index++) {
    if (index % INPUTS_PER_TURN === 0) await systemClock.sleep(0);
    const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
    const bytes = mutate(pick(corpus, random), random);
    const startMs = systemClock.monotonicMs();
    const problem = await problemOf(decode, bytes);
    const elapsedMs = systemClock.monotonicMs() - startMs;
    if (problem !== undefined) offences.push(`${name} seed=${seed} index=${index}: ${problem}`);
    if (elapsedMs > MAX_DECODE_MS) offences.push(`${name} seed=${seed} index=${index}: took ${elapsedMs} ms`);
  }
  await systemClock.sleep(0);
  return offences;
}

async function problemOf(decode: Decoder["decode"], bytes: Uint8Array): Promise<string | undefined> {
  try {
    await decode(bytes);
    return undefined;
  } catch (error) {
    return error instanceof DomainError ? undefined : String((error as Error).stack ?? error).slice(0, 600);
  }
}
