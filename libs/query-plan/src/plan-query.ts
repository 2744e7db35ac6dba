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

export interface QueryPlan<B extends BlockToRead> {
  /** Each is read by one backend in one go; together all blocks, each once. */
  readonly leaves: readonly (readonly B[])[];
  readonly readBytes: number;
}

/**
 * Divides blocks among reads. A profile that was pushed again lies in another block of its shard, under the same time,
 * and a reader drops the repeat only when it sees both. So segments of a shard that overlap in time are never separated,
 * nor are the level-1 blocks that overlap them, where the first push may have gone in the meantime. Beyond that, blocks
 * of a shard stay beside each other, since they share symbols.
 *
 * @returns the same plan for the same blocks in any order.
 * @throws {ResourceExhaustedError} if the query would read more than `maxReadBytes`.
 */
export function planQuery<B extends BlockToRead>(blocks: readonly B[], bounds: PlanBounds): QueryPlan<B> {
  const readBytes = blocks.reduce((sum, block) => sum + block.readBytes, 0);
  if (bounds.maxReadBytes > 0 && readBytes > bounds.maxReadBytes) {
    throw new ResourceExhaustedError(
      `query reads too much: read_bytes=${readBytes} limit_bytes=${bounds.maxReadBytes}; ` +
        "shorten its time range or match fewer series",
    );
  }
  const units = [...byShard(blocks).values()].flatMap((ofShard) => inseparable(ofShard));
  return { leaves: pack(units, bounds), readBytes };
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

/** Blocks that one leaf must read together. */
type Unit<B> = readonly B[];

/** The units of one shard; `blocks` are sorted by their first time, and so are the units. */
function inseparable<B extends BlockToRead>(blocks: readonly B[]): Unit<B>[] {
  const recent = blocks.filter((block) => block.level <= 1);
  const alone = blocks.filter((block) => block.level > 1).map((block) => [block]);
  const together = overlapping(recent).flatMap((group) =>
    group.some((block) => block.level === 0) ? [group] : group.map((block) => [block]),
  );
  return [...alone, ...together].sort((a, b) => planOrder(a[0]!, b[0]!));
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

function pack<B extends BlockToRead>(units: readonly Unit<B>[], bounds: PlanBounds): B[][] {
  const cost = (unit: Unit<B>): number =>
    unit.reduce((sum, block) => sum + block.readBytes + bounds.blockCostBytes, 0);
  for (let leafBytes = bounds.leafBytes; ; leafBytes *= 2) {
    const leaves = packInto(units, cost, leafBytes);
    if (leaves.length <= bounds.maxLeaves) return leaves;
  }
}

/** Fills one leaf after another in the order of the units. */
function packInto<B>(units: readonly Unit<B>[], cost: (unit: Unit<B>) => number, leafBytes: number): B[][] {
  const leaves: B[][] = [];
  let room = 0;
  for (const unit of units) {
    const unitBytes = cost(unit);
    const leaf = leaves.at(-1);
    if (leaf && unitBytes <= room) leaf.push(...unit);
    else {
      leaves.push([...unit]);
      room = leafBytes;
    }
    room -= unitBytes;
  }
  return leaves;
}
