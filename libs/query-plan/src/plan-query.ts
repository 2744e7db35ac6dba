import { ResourceExhaustedError } from "@hearth/errors";

/** What planning must know of a block. */
export interface BlockToRead {
  readonly id: string;
  readonly shard: number;
  /** 0 for a segment. */
  readonly level: number;
  /** Unix milliseconds, both inclusive. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** Bytes that the query may read of it: the sizes of the datasets that match. */
  readonly readBytes: number;
}

export interface PlanBounds {
  /** A leaf is about this large; larger when blocks cannot be separated or leaves run out. At least 1. */
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

/** A stretch of time in which so many leaves' bytes lie across each other is read together; beyond that, merged blocks part. */
const MAX_TOGETHER = 4;

/**
 * Divides blocks among reads. A profile that was pushed again lies in another block of its shard, under the same time, and a
 * reader drops the repeat only when it sees both. So blocks of a shard that overlap in time are read together, or their
 * time is cut: a block that lies across a cut is read on both sides, each for its own rows. Where too much lies across
 * each other to be cut, blocks of level 2 and above are read by themselves: their repeats were dropped when they were
 * merged, but for those of pushes that came again much later. Beyond that, blocks of a shard stay beside each other, since they share symbols.
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
  if (costOf(group, size) <= size.leafBytes) return [uncut(group)];
  return cutTime(group, size).flatMap((piece) =>
    costOf(piece.blocks, size) <= MAX_TOGETHER * size.leafBytes ? [piece] : parted(piece),
  );
}

/**
 * Cuts where a leaf is full, if what lies across the cut is no more than half a leaf: that is read twice.
 *
 * @param group - sorted by their first time, and overlapping.
 */
function cutTime<B extends BlockToRead>(group: readonly B[], size: Size): QueryLeaf<B>[] {
  const pieces: QueryLeaf<B>[] = [];
  let blocks: B[] = [];
  let fromMs = -Infinity;
  for (const block of group) {
    const cutMs = block.minTimeMs;
    const across = blocks.filter(({ maxTimeMs }) => maxTimeMs >= cutMs);
    const isFull = costOf(blocks, size) + costOf([block], size) > size.leafBytes;
    // Blocks that begin at the cut are all on its later side.
    const isCut = isFull && cutMs > (blocks.at(-1)?.minTimeMs ?? cutMs);
    if (isCut && costOf(across, size) <= size.leafBytes / 2) {
      pieces.push({ blocks, fromMs, beforeMs: cutMs });
      blocks = across;
      fromMs = cutMs;
    }
    blocks.push(block);
  }
  pieces.push({ blocks, fromMs, beforeMs: Infinity });
  return pieces;
}

/** Merged blocks by themselves; segments with the segments and blocks of level 1 that overlap them. */
function parted<B extends BlockToRead>({ blocks, ...range }: QueryLeaf<B>): QueryLeaf<B>[] {
  const recent = blocks.filter((block) => block.level <= 1);
  const alone = blocks.filter((block) => block.level > 1).map((block) => [block]);
  const together = overlapping(recent).flatMap((group) =>
    group.some((block) => block.level === 0) ? [group] : group.map((block) => [block]),
  );
  return [...alone, ...together]
    .sort((a, b) => planOrder(a[0]!, b[0]!))
    .map((unit) => ({ blocks: unit, ...range }));
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
