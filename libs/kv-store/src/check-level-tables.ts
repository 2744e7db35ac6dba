import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32c } from "./crc32c.ts";
import { KvUnreadableError } from "./kv-store.ts";

/**
 * Checks the tables of a LevelDB store before LevelDB reads them. Through `level` it does not check them itself: a flipped
 * bit is returned as data, or trips an assertion that ends the process.
 *
 * A table is blocks and a footer of 48 bytes, which says where the index and the meta index are. These are blocks too, and
 * list all others. After each block come its compression (1 byte) and a masked CRC-32C of block and compression (4 bytes).
 * Source: LevelDB, doc/table_format.md.
 */

const TABLE_NAME = /\.(?:ldb|sst)$/;
const FOOTER_BYTES = 48;
const TRAILER_BYTES = 5;
const MAGIC = 0xdb47_7524_8b80_fb57n;
const UNCOMPRESSED = 0;
const CRC_MASK = 0xa282_ead8;

interface BlockHandle {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** @throws {KvUnreadableError} naming the file, if one is damaged. No folder and no table is fine. */
export async function checkLevelTables(directory: string): Promise<void> {
  for (const name of await tableNames(directory)) {
    const problem = tableProblem(await readFile(join(directory, name)));
    if (problem) throw new KvUnreadableError(`a table is damaged: file=${name} problem=${problem}`);
  }
}

/** What is wrong with the bytes of a table, or undefined when every byte is as it was written. */
export function tableProblem(table: Uint8Array): string | undefined {
  if (table.length < FOOTER_BYTES) return "too short";
  const footer = table.subarray(table.length - FOOTER_BYTES);
  if (view(footer).getBigUint64(FOOTER_BYTES - 8, true) !== MAGIC) return "no footer";
  const reader = new VarintReader(footer);
  try {
    const metaIndex = readHandle(reader);
    const index = readHandle(reader);
    const blocks = [...handlesIn(table, metaIndex), ...handlesIn(table, index)];
    for (const block of blocks) checkedBlock(table, block);
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

async function tableNames(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => TABLE_NAME.test(name)).toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** The blocks that an index block lists: keys that share their beginnings, each with a handle, then the restart points. */
function* handlesIn(table: Uint8Array, handle: BlockHandle): Generator<BlockHandle> {
  const block = checkedBlock(table, handle);
  if (table[handle.offset + handle.sizeBytes] !== UNCOMPRESSED) throw new RangeError("compressed index");
  if (block.length < 4) throw new RangeError("index too short");
  const restartCount = view(block).getUint32(block.length - 4, true);
  const reader = new VarintReader(block.subarray(0, Math.max(0, block.length - 4 - 4 * restartCount)));
  while (!reader.isAtEnd) {
    reader.next(); // bytes shared with the key before
    const keyBytes = reader.next();
    const valueBytes = reader.next();
    reader.skip(keyBytes);
    const end = reader.position + valueBytes;
    yield readHandle(reader);
    reader.skip(end - reader.position);
  }
}

/** @throws {RangeError} when the block is not within the table or its checksum is wrong. */
function checkedBlock(table: Uint8Array, { offset, sizeBytes }: BlockHandle): Uint8Array {
  const end = offset + sizeBytes + TRAILER_BYTES;
  if (end > table.length - FOOTER_BYTES) throw new RangeError("a block is out of range");
  const stored = view(table).getUint32(end - 4, true);
  if (stored !== masked(crc32c(table.subarray(offset, end - 4)))) throw new RangeError("a checksum is wrong");
  return table.subarray(offset, offset + sizeBytes);
}

/** LevelDB stores checksums so, since a checksum of bytes that hold checksums is weak. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + CRC_MASK) >>> 0;
}

function readHandle(reader: VarintReader): BlockHandle {
  return { offset: reader.next(), sizeBytes: reader.next() };
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

class VarintReader {
  readonly #bytes: Uint8Array;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.position >= this.#bytes.length;
  }

  next(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 0x80) {
      const byte = this.#bytes[this.position++];
      if (byte === undefined || unit > Number.MAX_SAFE_INTEGER) throw new RangeError("a number is cut short");
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
  }

  skip(count: number): void {
    this.position += count;
    if (count < 0 || this.position > this.#bytes.length) throw new RangeError("an index entry is cut short");
  }
}
