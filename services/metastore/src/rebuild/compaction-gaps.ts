import { ulidTimeMs } from "@hearth/runtime";
import { unpackSources, type MergedBlock } from "./group-outputs.ts";

/** From, to: Unix milliseconds, both inclusive. */
type TimeRange = readonly [number, number];

/**
 * Blocks of one shard that are not there any more, but went into ones that are. What they were made from is not known: a
 * segment that is still there may have gone into one of them, and so be in the index twice.
 *
 * What is known: a block's id has the time of the newest thing in it, and the block that it went into begins no later than
 * anything in it. So an object can be in a missing block of a higher level only if its time, or that of one of its sources, is between
 * the two. And a missing block of the same level shares a source only with another attempt at the same job, or with a part of it: one of the
 * two has a source with the time of the other.
 */
export class CompactionGaps {
  /** By level and tenant of the missing: when rows of it may have been stored. */
  readonly #ranges = new Map<number, Map<string, TimeRange[]>>();
  /** Of all levels and tenants. */
  #allRanges: TimeRange[] = [];
  /** By level and tenant of the missing: the times of their ids. */
  readonly #times = new Map<number, Map<string, Set<number>>>();

  /** @param missing - sources of `block` that are not there, all of the level `level`. */
  add(block: MergedBlock, missing: readonly string[], level: number): void {
    // Nothing goes into a segment.
    if (level < 1 || missing.length === 0) return;
    const times = missing.map(ulidTimeMs);
    entryOf(this.#ranges, level, block.tenant, () => []).push([
      block.minTimeMs,
      times.reduce((max, timeMs) => Math.max(max, timeMs), 0),
    ]);
    // What a block was written anew from was alone in its job.
    if ((block.origin?.rewrite ?? 0) > 0) return;
    const known = entryOf(this.#times, level, block.tenant, () => new Set());
    for (const timeMs of times) known.add(timeMs);
  }

  /** To be called after the last {@link add} and before the first question. */
  seal(): void {
    const all: TimeRange[] = [];
    for (const byTenant of this.#ranges.values()) {
      for (const [tenant, ranges] of byTenant) {
        const few = united(ranges);
        byTenant.set(tenant, few);
        for (const range of few) all.push(range);
      }
    }
    this.#allRanges = united(all);
  }

  /** Whether rows of a segment may be in a missing block. */
  mayHoldSegment(id: string): boolean {
    return covers(this.#allRanges, ulidTimeMs(id));
  }

  /** Whether rows of a merged block may be in a missing block. */
  mayHold({ id, level, tenant, origin }: MergedBlock): boolean {
    const times = (origin ? unpackSources(origin) : [id]).map(ulidTimeMs);
    for (const [above, byTenant] of this.#ranges) {
      const ranges = above > level ? byTenant.get(tenant) : undefined;
      if (ranges && times.some((timeMs) => covers(ranges, timeMs))) return true;
    }
    const others = origin && this.#times.get(level)?.get(tenant);
    return others !== undefined && times.some((timeMs) => others.has(timeMs));
  }
}

function entryOf<T>(map: Map<number, Map<string, T>>, level: number, tenant: string, make: () => T): T {
  let byTenant = map.get(level);
  if (!byTenant) map.set(level, (byTenant = new Map()));
  let entry = byTenant.get(tenant);
  if (entry === undefined) byTenant.set(tenant, (entry = make()));
  return entry;
}

/** The same times as ranges that neither touch nor overlap, in their order. */
function united(ranges: readonly TimeRange[]): TimeRange[] {
  const out: TimeRange[] = [];
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = out.at(-1);
    if (last && from <= last[1]) out[out.length - 1] = [last[0], Math.max(last[1], to)];
    else if (from <= to) out.push([from, to]);
  }
  return out;
}

function covers(ranges: readonly TimeRange[], timeMs: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]![0] <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low > 0 && timeMs <= ranges[low - 1]![1];
}
