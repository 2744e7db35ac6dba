import xxhash from "xxhash-wasm";

const api = await xxhash();

/** xxHash64: fast, not for secrets; the same everywhere and for ever, since fingerprints and ids are stored. */
export function xxHash64(bytes: Uint8Array, seed = 0n): bigint {
  return api.h64Raw(bytes, seed);
}
