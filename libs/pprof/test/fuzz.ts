import { DomainError } from "@hearth/errors";
import { decodePprof, gunzipBounded } from "@hearth/pprof";
import type { Random } from "@hearth/runtime";

/**
 * Decodes mutated profiles. Whatever the bytes, decoding ends, and throws nothing but what a client may be told.
 *
 * @param corpus - whole bodies, compressed or not.
 * @throws whatever decoding threw that is not a `DomainError`.
 * @returns how many were refused.
 */
export function fuzzDecodePprof(options: {
  readonly corpus: readonly Uint8Array[];
  readonly rounds: number;
  readonly random: Random;
}): number {
  const { corpus, rounds, random } = options;
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const body = mutate(corpus[below(random, corpus.length)]!, random);
    try {
      decodePprof(gunzipBounded(body, { maxSizeBytes: 4 << 20 }));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      refused++;
    }
  }
  return refused;
}

/** Changes, removes, doubles or inserts some bytes. */
export function mutate(body: Uint8Array, random: Random): Uint8Array {
  let bytes = body;
  for (let edits = 1 + below(random, 4); edits > 0; edits--) bytes = edit(bytes, random);
  return bytes;
}

function edit(bytes: Uint8Array, random: Random): Uint8Array {
  const at = below(random, bytes.length + 1);
  const length = below(random, 16);
  const before = bytes.subarray(0, at);
  switch (below(random, 12)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, bytes.subarray(at + length)]);
    case 2:
      return Buffer.concat([before, bytes.subarray(at, at + length), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([before, anyBytes(length, random), bytes.subarray(at)]);
    default:
      // Most often: what leaves the lengths of messages as they are gets past the decoder.
      return Buffer.concat([before, anyBytes(1, random), bytes.subarray(at + 1)]);
  }
}

/** Every third byte is 0xff, for long numbers. */
function anyBytes(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => (below(random, 3) === 0 ? 0xff : below(random, 256)));
}

function below(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}
