/**
 * Which small blocks of a day become few, with all of their rows: whoever asks for weeks opens one where there were dozens. How many go
 * together is bounded by what they hold of one service, since that is read whole, also for an hour of the day.
 */
import { TIERS } from "@hearth/block";
import type { BlockNotes } from "../compaction/block-notes.ts";
import { MAX_LEVEL } from "../compaction/compaction-settings.ts";
import type { BlockIndex } from "../index-state/block-index.ts";
import type { BlockPlace } from "../index-state/block-place.ts";
import type { GatherRule, TierPlan } from "./tier-plan.ts";

/** Level of what is gathered. */
export const GATHERED_LEVEL = TIERS.find(({ resolutionMs }) => resolutionMs === 0)!.level;

/** Whether a block may be gathered, as far as it says itself. */
export function isGatherable(
  { level, sizeBytes }: BlockPlace,
  dayEndMs: number,
  { sinceMs, beforeMs, maxBlockBytes }: GatherRule,
): boolean {
  return level === MAX_LEVEL && sizeBytes <= maxBlockBytes && dayEndMs > sinceMs && dayEndMs <= beforeMs;
}

/**
 * Sources of the jobs that gather some blocks.
 *
 * @param blocks - of one tenant, shard and day, in the order of their ids.
 */
export function* gatheredTogether(
  blocks: readonly BlockPlace[],
  { index, notes }: { readonly index: BlockIndex; readonly notes: BlockNotes },
  { maxBlocks, maxBytes, gather }: TierPlan,
): Generator<readonly BlockPlace[]> {
  const { maxDatasetBytes, minBlocks } = gather!;
  if (blocks.length < minBlocks) return;
  let taken: BlockPlace[] = [];
  let sizes = new DatasetSizes();
  for (const block of blocks) {
    // What failed with others, or holds much of a service already, stays as it is.
    if (notes.isSolo(block.id)) continue;
    const own = new DatasetSizes();
    for (const { service, sizeBytes } of index.get(block.id)?.datasets ?? []) own.add(service, sizeBytes);
    if (own.largestBytes > maxDatasetBytes || own.totalBytes > maxBytes) continue;
    const isFull =
      taken.length === maxBlocks ||
      sizes.totalBytes + own.totalBytes > maxBytes ||
      sizes.largestWith(own) > maxDatasetBytes;
    if (isFull) {
      if (taken.length >= minBlocks) yield taken;
      taken = [];
      sizes = new DatasetSizes();
    }
    taken.push(block);
    sizes.addAll(own);
  }
  if (taken.length >= minBlocks) yield taken;
}

/** Stored bytes by service. */
class DatasetSizes {
  readonly #bytes = new Map<string, number>();
  totalBytes = 0;

  add(service: string, sizeBytes: number): void {
    this.#bytes.set(service, (this.#bytes.get(service) ?? 0) + sizeBytes);
    this.totalBytes += sizeBytes;
  }

  addAll(others: DatasetSizes): void {
    for (const [service, sizeBytes] of others.#bytes) this.add(service, sizeBytes);
  }

  get largestBytes(): number {
    return Math.max(0, ...this.#bytes.values());
  }

  /** Of the service of which there would be most, among those of `others`. */
  largestWith(others: DatasetSizes): number {
    let largest = 0;
    for (const [service, sizeBytes] of others.#bytes)
      largest = Math.max(largest, sizeBytes + (this.#bytes.get(service) ?? 0));
    return largest;
  }
}
