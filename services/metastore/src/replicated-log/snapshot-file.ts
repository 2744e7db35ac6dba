import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { crc32, zstdCompress, zstdDecompress } from "node:zlib";
import { DataLossError } from "@hearth/errors";
import { ByteReader, ByteWriter } from "../bytes.ts";
import type { DirectoryFile } from "../disk/directory.ts";
import { decodeIdentity, encodeIdentity, type Identity } from "./identity.ts";
import type { LogPosition, Membership } from "@hearth/raft";

/**
 * A snapshot file:
 *
 *     magic, then the header as a chunk, then each frame of the state as a chunk, then the footer
 *     chunk:  stored length (4 bytes), CRC-32 of the stored bytes (4 bytes), stored bytes
 *     footer: 0xffffffff, number of frames, bytes before the footer, SHA-256 of them
 */

export interface SnapshotHeader {
  readonly identity: Identity;
  /** The state is that after this entry. */
  readonly position: LogPosition;
  readonly membership: Membership;
  readonly compression: SnapshotCompression;
}

export type SnapshotCompression = "none" | "zstd";

const MAGIC = new TextEncoder().encode("HRTHSNP1");
const FOOTER_MARK = 0xffff_ffff;
const COMPRESSIONS: readonly SnapshotCompression[] = ["none", "zstd"];
/** No writer makes chunks as large as this; a larger length is damage. */
const MAX_CHUNK_BYTES = 64 * 1024 * 1024;
const CHUNK_HEAD_BYTES = 8;
/** Footer: mark, two counts as 8 bytes, hash. */
const FOOTER_BYTES = 4 + 8 + 8 + 32;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/**
 * Writes a snapshot from the beginning of an empty file. It is not durable before the file is synced.
 *
 * @param pause - called after each chunk with its stored size; resolves when the next may be written.
 * @returns the size of the file in bytes.
 */
export async function writeSnapshot(
  file: DirectoryFile,
  header: SnapshotHeader,
  frames: Iterable<Uint8Array>,
  pause: (sizeBytes: number) => Promise<void>,
): Promise<number> {
  const out = new SequentialWriter(file);
  await out.write(MAGIC);
  await out.write(chunkOf(encodeHeader(header)));
  let frameCount = 0;
  for (const frame of frames) {
    const chunk = chunkOf(header.compression === "zstd" ? await compress(frame) : frame);
    await out.write(chunk);
    frameCount++;
    await pause(chunk.length);
  }
  const footer = new Uint8Array(FOOTER_BYTES);
  const view = new DataView(footer.buffer);
  view.setUint32(0, FOOTER_MARK);
  view.setBigUint64(4, BigInt(frameCount));
  view.setBigUint64(12, BigInt(out.offset));
  footer.set(out.digest(), 20);
  await out.write(footer);
  return out.offset;
}

/**
 * Reads a snapshot from beginning to end and checks every byte of it.
 *
 * @param onFrame - given each frame, as it was when it was written. When the whole turns out to be damaged, it was given
 * some already.
 * @throws {DataLossError} when the file is not exactly what was written.
 */
export async function readSnapshot(
  file: DirectoryFile,
  onFrame: (frame: Uint8Array) => void,
): Promise<SnapshotHeader> {
  const source = new SequentialReader(file);
  const header = await openSnapshot(source);
  let frameCount = 0;
  for (;;) {
    const bytesBefore = source.offset;
    const digestBefore = source.digest();
    const chunk = await readChunk(source);
    if (!chunk) {
      await checkFooter(source, { frameCount, bytesBefore, digestBefore });
      return header;
    }
    onFrame(header.compression === "zstd" ? await decompress(chunk) : chunk);
    frameCount++;
  }
}

/**
 * Reads who wrote a snapshot, and where it stands. The rest is not looked at.
 *
 * @throws {DataLossError} when the beginning of the file is damaged.
 */
export async function readSnapshotHeader(file: DirectoryFile): Promise<SnapshotHeader> {
  return openSnapshot(new SequentialReader(file));
}

async function openSnapshot(source: SequentialReader): Promise<SnapshotHeader> {
  const magic = await source.read(MAGIC.length);
  if (!magic.every((byte, at) => byte === MAGIC[at])) throw new DataLossError("not a snapshot");
  const chunk = await readChunk(source);
  if (!chunk) throw new DataLossError("the snapshot has no header");
  return decodeHeader(chunk);
}

/** @returns the stored bytes; undefined when the footer begins here. */
async function readChunk(source: SequentialReader): Promise<Uint8Array | undefined> {
  const length = uint32(await source.read(4));
  if (length === FOOTER_MARK) return undefined;
  if (length > MAX_CHUNK_BYTES) throw new DataLossError("a chunk is too large");
  const crc = uint32(await source.read(4));
  const bytes = await source.read(length);
  if (crc32(bytes) !== crc) throw new DataLossError("a chunk is damaged");
  return bytes;
}

async function checkFooter(
  source: SequentialReader,
  want: { frameCount: number; bytesBefore: number; digestBefore: Uint8Array },
): Promise<void> {
  const rest = await source.read(FOOTER_BYTES - 4);
  const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
  const isWhole =
    Number(view.getBigUint64(0)) === want.frameCount &&
    Number(view.getBigUint64(8)) === want.bytesBefore &&
    want.digestBefore.every((byte, at) => byte === rest[16 + at]);
  if (!isWhole) throw new DataLossError("the footer does not fit the snapshot");
  await source.expectEnd();
}

function chunkOf(bytes: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(CHUNK_HEAD_BYTES + bytes.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, bytes.length);
  view.setUint32(4, crc32(bytes));
  chunk.set(bytes, CHUNK_HEAD_BYTES);
  return chunk;
}

function encodeHeader(header: SnapshotHeader): Uint8Array {
  const out = new ByteWriter();
  encodeIdentity(header.identity, out);
  out.integer(header.position.index);
  out.integer(header.position.term);
  out.uint32(header.position.chain);
  out.integer(COMPRESSIONS.indexOf(header.compression));
  const { voters, outgoing, learners } = header.membership;
  for (const nodes of [voters, outgoing, learners]) {
    out.integer(nodes.length);
    for (const node of nodes) out.string(node);
  }
  return out.written().slice();
}

function decodeHeader(bytes: Uint8Array): SnapshotHeader {
  const reader = new ByteReader(bytes);
  const identity = decodeIdentity(reader);
  const position = { index: reader.integer(), term: reader.integer(), chain: reader.uint32() };
  const compression = COMPRESSIONS[reader.integer()];
  if (!compression) throw new DataLossError("unknown compression of the snapshot");
  const voters = readNodes(reader);
  // Snapshots of single nodes once ended here.
  const isWhole = reader.offset < bytes.length;
  const outgoing = isWhole ? readNodes(reader) : [];
  const learners = isWhole ? readNodes(reader) : [];
  return { identity, position, membership: { voters, outgoing, learners }, compression };
}

function readNodes(reader: ByteReader): string[] {
  const nodes: string[] = [];
  for (let left = reader.integer(); left > 0; left--) nodes.push(reader.string());
  return nodes;
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}

class SequentialWriter {
  readonly #file: DirectoryFile;
  readonly #hash = createHash("sha256");
  offset = 0;

  constructor(file: DirectoryFile) {
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#file.writeAt(this.offset, bytes);
    this.#hash.update(bytes);
    this.offset += bytes.length;
  }

  /** SHA-256 of what was written so far. */
  digest(): Uint8Array {
    return this.#hash.copy().digest();
  }
}

class SequentialReader {
  readonly #file: DirectoryFile;
  readonly #hash = createHash("sha256");
  offset = 0;

  constructor(file: DirectoryFile) {
    this.#file = file;
  }

  async read(length: number): Promise<Uint8Array> {
    const bytes = await this.#file.readAt(this.offset, length);
    if (bytes.length < length) throw new DataLossError("the snapshot ends too early");
    this.#hash.update(bytes);
    this.offset += length;
    return bytes;
  }

  async expectEnd(): Promise<void> {
    if ((await this.#file.sizeBytes()) !== this.offset) {
      throw new DataLossError("the snapshot goes on after its end");
    }
  }

  digest(): Uint8Array {
    return this.#hash.copy().digest();
  }
}
