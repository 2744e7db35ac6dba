import { crc32 } from "node:zlib";
import { encodeBlockMeta, type BlockMeta } from "@hearth/block";
import { blockObjectKey, type ObjectStore } from "@hearth/object-store";
import { block } from "./blocks.ts";

/** A block as the bucket has it: its metadata and trailer are real, what is before them is not read here. */
export interface BlockObject {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly meta: BlockMeta;
}

/** As `docs/block-format.md` has it. */
const TRAILER_SIZE_BYTES = 32;
const FORMAT_VERSION = 1;

const { signal } = new AbortController();

/** The object of a block; the same arguments make the same. */
export function blockObject(id: string, fields: Partial<BlockMeta> = {}): BlockObject {
  const meta = sized(block(id, fields));
  return { key: blockObjectKey(meta), bytes: objectBytes(meta), meta };
}

/** An object that ends with this metadata, whatever it says of the size. */
export function objectBytes(meta: BlockMeta): Uint8Array {
  const encoded = encodeBlockMeta(meta);
  const metaOffset = bodyBytes(meta);
  const bytes = new Uint8Array(metaOffset + encoded.length + TRAILER_SIZE_BYTES);
  bytes.fill(0x5a, 0, metaOffset);
  bytes.set(encoded, metaOffset);
  const trailer = new DataView(bytes.buffer, metaOffset + encoded.length);
  trailer.setBigUint64(0, BigInt(metaOffset), true);
  trailer.setUint32(8, encoded.length, true);
  trailer.setUint32(12, crc32(encoded), true);
  trailer.setUint32(16, FORMAT_VERSION, true);
  trailer.setUint32(
    20,
    crc32(bytes.subarray(metaOffset + encoded.length, metaOffset + encoded.length + 20)),
    true,
  );
  bytes.set(new TextEncoder().encode("HEARTHB\n"), metaOffset + encoded.length + 24);
  return bytes;
}

export async function putObjects(
  store: ObjectStore,
  objects: readonly Pick<BlockObject, "key" | "bytes">[],
): Promise<void> {
  for (const { key, bytes } of objects) await store.put(key, bytes, {}, signal);
}

function bodyBytes(meta: BlockMeta): number {
  return Math.max(...meta.datasets.map(({ offset, sizeBytes }) => offset + sizeBytes));
}

/** The size of the object is part of the metadata, whose own size depends on it. */
function sized(meta: BlockMeta): BlockMeta {
  const actual = objectBytes(meta).length;
  return actual === meta.sizeBytes ? meta : sized({ ...meta, sizeBytes: actual });
}
