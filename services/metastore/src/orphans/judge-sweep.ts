import type { BlockMeta } from "@hearth/block";

/** So many unknown objects are believed, whatever their share. */
const MAX_BELIEVED = 100;

/**
 * Whether so much of a bucket is unknown that the index has rather lost it: then nothing of it must be removed.
 *
 * @param sweep.objectCount - all objects of blocks.
 */
export function isUnbelievable(
  { objectCount, unknownCount }: { readonly objectCount: number; readonly unknownCount: number },
  maxShare: number,
): boolean {
  return unknownCount > MAX_BELIEVED && unknownCount > objectCount * maxShare;
}

/**
 * What an unknown output of a compaction is. `unfinished`: a job may still register it, now or when it is done again, since all of its sources
 * are registered. Once one of them is not, that is so for ever. `unreadable`: its sources are not known, and so it is left alone.
 *
 * @param isRegistered - by a state that has all that was registered before the object was found.
 */
export function judgeOutput(
  origin: BlockMeta["origin"],
  isRegistered: (id: string) => boolean,
): "orphan" | "unfinished" | "unreadable" {
  if (!origin) return "unreadable";
  return origin.sources.every((id) => isRegistered(id)) ? "unfinished" : "orphan";
}
