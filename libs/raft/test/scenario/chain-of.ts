import { crc32 } from "node:zlib";

import { ENTRY_TYPES, type LogPosition, type UnchainedEntry } from "../../src/index.ts";

/** As the metastore computes it: CRC-32 over the chain before and the whole entry. */
export function chainOf(chainBefore: number, { term, index, type, payload }: UnchainedEntry): number {
  const head = new DataView(new ArrayBuffer(21));
  head.setUint32(0, chainBefore);
  head.setBigUint64(4, BigInt(term));
  head.setBigUint64(12, BigInt(index));
  head.setUint8(20, ENTRY_TYPES.indexOf(type));
  return crc32(payload, crc32(new Uint8Array(head.buffer)));
}

/** Where all nodes of a new cluster begin: every one has the same first snapshot. */
export const bootstrap: LogPosition = { index: 1, term: 1, chain: 1 };
