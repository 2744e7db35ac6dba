import { DataLossError } from "@hearth/errors";
import type { BlockMeta } from "@hearth/block";
import { parseObjectKey } from "@hearth/object-store";
import { blockRefusal } from "../index-state/check-block.ts";

/** Why an object of the bucket is not registered. */
export type RefusalKind =
  /** The key is not that of a block. */
  | "foreign"
  /** The object is no block, or its end is damaged. */
  | "damaged"
  /** A whole block, but not the one that belongs under this key. */
  | "misplaced"
  /** The metadata says what no block can be. */
  | "invalid"
  /** The bucket does not give it out. */
  | "unreadable"
  /** The metastore does not take it. */
  | "refused";

export interface Refusal {
  readonly key: string;
  readonly kind: RefusalKind;
  readonly reason: string;
}

/** What a key says of the block under it. */
export interface BlockPlace {
  readonly id: string;
  readonly shard: number;
  /** Undefined for a segment, which belongs to no tenant. */
  readonly tenant: string | undefined;
}

/** The block that belongs under a key; undefined when no block does. */
export function blockPlaceOf(key: string): BlockPlace | undefined {
  const parsed = parseObjectKey(key);
  switch (parsed?.type) {
    case "segment":
      return { id: parsed.id, shard: parsed.shard, tenant: undefined };
    case "block":
      return { id: parsed.id, shard: parsed.shard, tenant: parsed.tenant };
    default:
      return undefined;
  }
}

/**
 * Whether the metadata that was found in an object may be registered: it must be that of the object's place and size, and
 * valid in itself.
 *
 * @param object.sizeBytes - of the whole object, as the bucket says.
 * @returns why not, or undefined when it may.
 */
export function metaRefusal(
  object: { readonly place: BlockPlace; readonly sizeBytes: number },
  meta: BlockMeta,
): Omit<Refusal, "key"> | undefined {
  const misplaced = misplacement(object.place, meta);
  if (misplaced !== undefined) return { kind: "misplaced", reason: misplaced };
  if (meta.sizeBytes !== object.sizeBytes) {
    const reason = `the object has ${object.sizeBytes} bytes, its metadata says ${meta.sizeBytes}`;
    return { kind: "damaged", reason };
  }
  const invalid = blockRefusal(meta);
  return invalid === undefined ? undefined : { kind: "invalid", reason: invalid };
}

/** What a failed read says of the object: bytes that make no block are damaged, all else is the bucket's failure. */
export function readRefusal(error: unknown): Omit<Refusal, "key"> {
  const reason = error instanceof Error ? error.message : String(error);
  return { kind: error instanceof DataLossError ? "damaged" : "unreadable", reason };
}

function misplacement(place: BlockPlace, meta: BlockMeta): string | undefined {
  if (meta.id !== place.id) return `it is the block ${meta.id}`;
  if (meta.shard !== place.shard) return `it is of the shard ${meta.shard}`;
  const isSegment = meta.level === 0;
  if (isSegment !== (place.tenant === undefined)) return `it is of the level ${meta.level}`;
  if (meta.tenant !== (place.tenant ?? "")) return "it is of another tenant";
  return undefined;
}
