/** Where a block belongs, and its size: what compaction needs to know of it. */
export interface BlockPlace {
  readonly id: string;
  /** Empty for a segment. */
  readonly tenant: string;
  readonly shard: number;
  readonly level: number;
  readonly sizeBytes: number;
}

/** Only that of something larger. */
export function placeOf({ id, tenant, shard, level, sizeBytes }: BlockPlace): BlockPlace {
  return { id, tenant, shard, level, sizeBytes };
}
