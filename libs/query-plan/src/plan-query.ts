import { ResourceExhaustedError } from "@hearth/errors";

/** What planning must know of a block. */
export interface BlockToRead {
  readonly id: string;
  readonly shard: number;
  /** Unix milliseconds, both inclusive. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** Bytes that the query may read of it: the sizes of the datasets that match. */
  readonly readBytes: number;
}

export interface PlanBounds {
  /** A leaf is about this large; larger when too much lies across each other in time, or leaves run out. At least 1. */
  readonly leafBytes: number;
  /** What opening a block costs, in bytes read in the same time, so that leaves of tiny blocks stay small too. */
  readonly blockCostBytes: number;
  /** At least 1. */
  readonly maxLeaves: number;
  /** Refuses queries that read more; 0 for no limit. */
  readonly maxReadBytes: number;
}

/** What one backend reads in one go. */
export interface QueryLeaf<B extends BlockToRead> {
  readonly blocks: readonly B[];
  /** Of its blocks only rows from the one, inclusive, to the other, exclusive, are read: Unix milliseconds, perhaps infinite. */
  readonly fromMs: number;
  readonly beforeMs: number;
}

export interface QueryPlan<B extends BlockToRead> {
  /** Together they read every row of all blocks, each once. */
  readonly leaves: readonly QueryLeaf<B>[];
  /** Of the blocks, each once. */
  readonly readBytes: number;
}

/**
 * Divides blocks among reads. A profile that was pushed again lies in another block of its shard, under the same time, and a
 * reader drops the repeat only when it sees both. So blocks of a shard that overlap in time are read together, or their
 * time is cut: a block that lies across a cut is read on both sides, each for its own rows. Whatever the blocks, all rows of
 * one shard and time are in one leaf. Beyond that, blocks of a shard stay beside each other, since they share symbols.
 *
 * @returns the same plan for the same blocks in any order.
 * @throws {ResourceExhaustedError} if the query would read more than `maxReadBytes`.
 */
export function planQuery<B extends BlockToRead>(blocks: readonly B[], bounds: PlanBounds): QueryPlan<B> {
  const groups = [...byShard(blocks).values()].flatMap((ofShard) => overlapping(ofShard));
  return { readBytes: readBytesOf(blocks, bounds), leaves: pack(groups, bounds, divided) };
}

/**
 * Divides blocks among reads that ask for what repeats do not change, such as labels: each block is in one leaf, whole.
 *
 * @throws {ResourceExhaustedError} as {@link planQuery} does.
 */
export function planBlocks<B extends BlockToRead>(blocks: readonly B[], bounds: PlanBounds): QueryPlan<B> {
  const groups = [...byShard(blocks).values()].flatMap((ofShard) => ofShard.map((block) => [block]));
  return { readBytes: readBytesOf(blocks, bounds), leaves: pack(groups, bounds, (group) => [uncut(group)]) };
}

function readBytesOf(blocks: readonly BlockToRead[], { maxReadBytes }: PlanBounds): number {
  const readBytes = blocks.reduce((sum, block) => sum + block.readBytes, 0);
  if (maxReadBytes > 0 && readBytes > maxReadBytes) {
    throw new ResourceExhaustedError(
      `query reads too much: read_bytes=${readBytes} limit_bytes=${maxReadBytes}; ` +
        "shorten its time range or match fewer series",
    );
  }
  return readBytes;
}

/** By shard, ascending; blocks of a shard by time. */
function byShard<B extends BlockToRead>(blocks: readonly B[]): Map<number, B[]> {
  const shards = new Map<number, B[]>();
  for (const block of blocks.toSorted(planOrder)) {
    const ofShard = shards.get(block.shard);
    if (ofShard) ofShard.push(block);
    else shards.set(block.shard, [block]);
  }
  return shards;
}

function planOrder(a: BlockToRead, b: BlockToRead): number {
  return a.shard - b.shard || a.minTimeMs - b.minTimeMs || (a.id < b.id ? -1 : 1);
}

/** Groups of blocks whose times overlap, directly or through others; `blocks` are sorted by their first time. */
function overlapping<B extends BlockToRead>(blocks: readonly B[]): B[][] {
  const groups: B[][] = [];
  let endMs = -Infinity;
  for (const block of blocks) {
    const group = groups.at(-1);
    if (group && block.minTimeMs <= endMs) group.push(block);
    else groups.push([block]);
    endMs = Math.max(endMs, block.maxTimeMs);
  }
  return groups;
}

function uncut<B extends BlockToRead>(blocks: readonly B[]): QueryLeaf<B> {
  return { blocks, fromMs: -Infinity, beforeMs: Infinity };
}

interface Size {
  readonly leafBytes: number;
  readonly blockCostBytes: number;
}

/** The units of blocks that overlap: as they are, or their time cut; in the order of time. */
function divided<B extends BlockToRead>(group: readonly B[], size: Size): QueryLeaf<B>[] {
  return costOf(group, size) <= size.leafBytes ? [uncut(group)] : cutTime(group, size);
}

/** After a cut that did not pay, the piece grows by so much before the next is tried: looking at each block would take long. */
const GROWTH_BETWEEN_TRIES = 1 / 16;

/**
 * Cuts where a leaf is full, if what lies across the cut, and so is read twice, is no more than half of it: a plan reads at most
 * about twice of what there is. Where more lies across, the piece grows on.
 *
 * @param group - sorted by their first time, and overlapping.
 */
function cutTime<B extends BlockToRead>(group: readonly B[], size: Size): QueryLeaf<B>[] {
  const pieces: QueryLeaf<B>[] = [];
  let blocks: B[] = [];
  let cost = 0;
  let fromMs = -Infinity;
  let tryAt = size.leafBytes;
  for (const block of group) {
    const beforeMs = block.minTimeMs;
    const ownCost = costOf([block], size);
    // Blocks that begin at the cut are all on its later side.
    if (cost + ownCost > tryAt && beforeMs > (blocks.at(-1)?.minTimeMs ?? beforeMs)) {
      const across = blocks.filter(({ maxTimeMs }) => maxTimeMs >= beforeMs);
      const acrossCost = costOf(across, size);
      if (acrossCost <= Math.max(size.leafBytes, cost) / 2) {
        pieces.push({ blocks, fromMs, beforeMs });
        blocks = across;
        cost = acrossCost;
        fromMs = beforeMs;
        tryAt = size.leafBytes;
      } else {
        tryAt = cost * (1 + GROWTH_BETWEEN_TRIES);
      }
    }
    blocks.push(block);
    cost += ownCost;
  }
  pieces.push({ blocks, fromMs, beforeMs: Infinity });
  return pieces;
}

function costOf(blocks: readonly BlockToRead[], { blockCostBytes }: Size): number {
  return blocks.reduce((sum, block) => sum + block.readBytes + blockCostBytes, 0);
}

function pack<B extends BlockToRead>(
  groups: readonly (readonly B[])[],
  { leafBytes, blockCostBytes, maxLeaves }: PlanBounds,
  divide: (group: readonly B[], size: Size) => QueryLeaf<B>[],
): QueryLeaf<B>[] {
  for (let size = { leafBytes, blockCostBytes }; ; size = { ...size, leafBytes: size.leafBytes * 2 }) {
    const units = groups.flatMap((group) => divide(group, size));
    const leaves = packInto(units, size);
    if (leaves.length <= maxLeaves) return leaves;
  }
}

/** Fills one leaf after another in the order of the units, as long as these have the same range. */
function packInto<B extends BlockToRead>(units: readonly QueryLeaf<B>[], size: Size): QueryLeaf<B>[] {
  const leaves: { blocks: B[]; fromMs: number; beforeMs: number }[] = [];
  let room = 0;
  for (const { blocks, fromMs, beforeMs } of units) {
    const unitBytes = costOf(blocks, size);
    const leaf = leaves.at(-1);
    const isSame = leaf?.fromMs === fromMs && leaf.beforeMs === beforeMs;
    if (leaf && isSame && unitBytes <= room) leaf.blocks.push(...blocks);
    else {
      leaves.push({ blocks: [...blocks], fromMs, beforeMs });
      room = size.leafBytes;
    }
    room -= unitBytes;
  }
  return leaves;
}
