import { invariant } from "@hearth/errors";
import { ulidTimeMs } from "@hearth/runtime";
import type { BlockPlace } from "../index-state/block-place.ts";
import { MAX_LEVEL, type LevelSettings } from "./compaction-settings.ts";

/** Sources of a job that could begin now. */
export interface ReadyBatch {
  readonly tenant: string;
  readonly shard: number;
  readonly level: number;
  /** In the order of their ids. */
  readonly blocks: readonly BlockPlace[];
  readonly sizeBytes: number;
}

export interface PlanView {
  readonly levels: readonly LevelSettings[];
  /** A block of this age is merged by itself when it has no company. 0: never. */
  readonly loneAgeMs: number;
  /** The time of the log, Unix milliseconds. */
  readonly nowMs: number;
  /** Whether a block goes into a job of its own, since jobs with it failed. */
  isSolo(id: string): boolean;
}

/**
 * The blocks that wait to be merged, in a queue for each (level, shard, tenant). Nothing of it is kept in a snapshot: it is
 * what the index holds less what jobs and quarantine hold, and its order is that of the ids, so that every node has
 * the same however it came to it.
 */
export class WaitingBlocks {
  readonly #queues = new Map<string, BlockPlace[]>();

  add(block: BlockPlace): void {
    if (block.level >= MAX_LEVEL) return;
    const key = keyOf(block);
    const queue = this.#queues.get(key);
    if (!queue) {
      this.#queues.set(key, [block]);
      return;
    }
    const position = positionOf(queue, block.id);
    invariant(queue[position]?.id !== block.id, `block ${block.id} waits twice`);
    queue.splice(position, 0, block);
  }

  /** @returns false when it does not wait. */
  remove(block: BlockPlace): boolean {
    const key = keyOf(block);
    const queue = this.#queues.get(key);
    const position = queue ? positionOf(queue, block.id) : 0;
    if (queue?.[position]?.id !== block.id) return false;
    queue.splice(position, 1);
    if (queue.length === 0) this.#queues.delete(key);
    return true;
  }

  /** In the order in which they should be done: low levels first, and of these the oldest. */
  readyBatches(view: PlanView): ReadyBatch[] {
    const batches: ReadyBatch[] = [];
    for (const queue of this.#queues.values()) {
      const batch = readyBatch(queue, view);
      if (batch) batches.push(batch);
    }
    return batches.sort((a, b) => a.level - b.level || (a.blocks[0]!.id < b.blocks[0]!.id ? -1 : 1));
  }

  /** Every queue, for pages and metrics; in no particular order. */
  queues(): IterableIterator<readonly BlockPlace[]> {
    return this.#queues.values();
  }
}

/** The beginning of a queue as one job; undefined when it is not worth one yet. */
function readyBatch(queue: readonly BlockPlace[], view: PlanView): ReadyBatch | undefined {
  const [first] = queue;
  const level = first && view.levels[first.level];
  if (!first || !level) return undefined;
  const blocks: BlockPlace[] = [first];
  let { sizeBytes } = first;
  let isFull = view.isSolo(first.id);
  for (let i = 1; i < queue.length && !isFull; i++) {
    const block = queue[i]!;
    isFull =
      blocks.length >= level.maxBlocks ||
      sizeBytes + block.sizeBytes > level.maxBytes ||
      view.isSolo(block.id);
    if (isFull) break;
    blocks.push(block);
    sizeBytes += block.sizeBytes;
  }
  isFull ||= blocks.length >= level.maxBlocks;
  const ageMs = view.nowMs - ulidTimeMs(first.id);
  const isStale = blocks.length > 1 && ageMs >= level.maxAgeMs;
  const isLone = view.loneAgeMs > 0 && ageMs >= view.loneAgeMs;
  if (!isFull && !isStale && !isLone) return undefined;
  return { tenant: first.tenant, shard: first.shard, level: first.level, blocks, sizeBytes };
}

function keyOf({ tenant, shard, level }: BlockPlace): string {
  return `${level}/${shard}/${tenant}`;
}

/** The first position whose id is not before `id`. */
function positionOf(queue: readonly BlockPlace[], id: string): number {
  // New blocks come last, mostly.
  if (queue.length > 0 && queue.at(-1)!.id < id) return queue.length;
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (queue[middle]!.id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
