import xxhash from "xxhash-wasm";
import type { Label } from "./label.ts";

/** WebAssembly loads asynchronously; awaiting it here keeps hashing synchronous everywhere else. */
const hasher = await xxhash();

const SEPARATOR = 0xff;

let scratch: Buffer<ArrayBuffer> = Buffer.alloc(4096);

/**
 * xxHash64 (seed 0) over `name 0xff value 0xff …`, labels as they stand. Of a series it is taken over the stored order
 * ({@link storedLabels}), for placement over the plain bytewise order ({@link labelSet}).
 *
 * @returns unsigned 64 bits.
 */
export function fingerprint(labels: readonly Label[]): bigint {
  let position = 0;
  for (const { name, value } of labels) {
    reserve(position + 3 * (name.length + value.length) + 2);
    position += scratch.write(name, position);
    scratch[position++] = SEPARATOR;
    position += scratch.write(value, position);
    scratch[position++] = SEPARATOR;
  }
  return hasher.h64Raw(scratch.subarray(0, position));
}

function reserve(sizeBytes: number): void {
  if (sizeBytes <= scratch.length) return;
  const larger = Buffer.alloc(sizeBytes * 2);
  larger.set(scratch);
  scratch = larger;
}
