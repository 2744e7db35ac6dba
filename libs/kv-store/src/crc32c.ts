/** CRC-32 with Castagnoli's polynomial, which LevelDB uses; the one in `node:zlib` is another. */

const POLYNOMIAL = 0x82f6_3b78;

const TABLE = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  TABLE[byte] = crc;
}

/** @returns unsigned 32 bits. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (let at = 0; at < bytes.length; at++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}
