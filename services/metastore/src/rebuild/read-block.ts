import { fetchBlockMeta, type BlockMeta } from "@hearth/block";
import { ObjectNotFoundError, type ObjectStore } from "@hearth/object-store";
import { retry, throwIfAborted, type Clock, type Random } from "@hearth/runtime";
import { MAX_COMMAND_BYTES } from "../index-state/command-codec.ts";
import { blockPlaceOf, metaRefusal, readRefusal, type Refusal } from "./judge-object.ts";
import type { ListedObject } from "./list-blocks.ts";
import { PATIENCE_WITH_ONE } from "./patience.ts";

/** The metastore takes no more in one command; what is around the metadata is much less than the rest. */
const MAX_META_BYTES = MAX_COMMAND_BYTES - 64 * 1024;

export interface ReadBlock {
  readonly type: "read";
  readonly key: string;
  readonly meta: BlockMeta;
  /** Length of the encoded metadata. */
  readonly metaSizeBytes: number;
}

export type ReadOutcome =
  | ReadBlock
  /** It was removed since it was listed. */
  | { readonly type: "gone" }
  | { readonly type: "refused"; readonly refusal: Refusal };

/**
 * Reads the metadata of an object and checks all of it.
 *
 * @throws the signal's reason; everything else is an outcome.
 */
export async function readBlock(
  deps: {
    readonly objectStore: Pick<ObjectStore, "getRange">;
    readonly clock: Clock;
    readonly random: Random;
  },
  { key, sizeBytes }: ListedObject,
  signal: AbortSignal,
): Promise<ReadOutcome> {
  const place = blockPlaceOf(key);
  if (!place) return refused({ key, kind: "foreign", reason: "the key is not that of a block" });
  const reader = {
    read: (offset: number, length: number) => deps.objectStore.getRange(key, { offset, length }, signal),
  };
  const object = { sizeBytes, maxMetaBytes: MAX_META_BYTES };
  try {
    const fetch = () => fetchBlockMeta(reader, object, signal);
    const { meta, metaSizeBytes } = await retry(fetch, PATIENCE_WITH_ONE, deps, signal);
    const refusal = metaRefusal({ place, sizeBytes }, meta);
    if (refusal) return refused({ key, ...refusal });
    return { type: "read", key, meta, metaSizeBytes };
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof ObjectNotFoundError) return { type: "gone" };
    return refused({ key, ...readRefusal(error) });
  }
}

function refused(refusal: Refusal): ReadOutcome {
  return { type: "refused", refusal };
}
