/**
 * Where things lie in the bucket. All keys are built here from checked parts, so that no tenant name, however odd, can
 * reach another tenant's objects or leave the root.
 *
 *     segments/{shard}/anonymous/{ulid}/block.bin    level 0, many tenants
 *     blocks/{shard}/{tenant}/{ulid}/block.bin       level 1 and above, one tenant
 *     dlq/{shard}/{tenant}/{ulid}/meta.pb            metadata that the metastore did not take in time
 *     dlq-refused/{shard}/{tenant}/{ulid}/meta.pb    such metadata that could not be registered at all
 *     metastore/snapshots/{cluster}/{index}-{term}.bin   copies of the metastore's snapshots
 */
import { InvalidArgumentError } from "@hearth/errors";
import { isUlid } from "@hearth/runtime";

/** Stands for the tenant of a segment, which has none. */
const NO_TENANT = "anonymous";
const TENANT_PATTERN = /^[A-Za-z0-9!_.*'()-]{1,150}$/;
const SHARD_PATTERN = /^[1-9][0-9]{0,9}$/;
const MAX_SHARD = 0xffff_ffff;

export const SEGMENTS_PREFIX = "segments/";
export const BLOCKS_PREFIX = "blocks/";
export const DEAD_LETTERS_PREFIX = "dlq/";
export const REFUSED_LETTERS_PREFIX = "dlq-refused/";
export const METASTORE_SNAPSHOTS_PREFIX = "metastore/snapshots/";

const CLUSTER_PATTERN = /^[0-9a-f]{32}$/;
const SNAPSHOT_PATTERN = /^([1-9][0-9]{0,15})-([1-9][0-9]{0,15})\.bin$/;

/** What the key of a copied snapshot is made of. */
export interface SnapshotLocation {
  /** Id of the metastore's cluster: 32 hexadecimal digits. */
  readonly clusterId: string;
  /** Of the last entry of the log that is in the snapshot; both at least 1. */
  readonly index: number;
  readonly term: number;
}

/** What a block's key is made of. */
export interface BlockLocation {
  /** Empty for a block of level 0, which holds many tenants. */
  readonly tenant: string;
  /** 1 to 2^32 - 1. */
  readonly shard: number;
  readonly level: number;
  /** ULID. */
  readonly id: string;
}

export type ParsedKey =
  | { readonly type: "segment"; readonly shard: number; readonly id: string }
  | { readonly type: "block"; readonly shard: number; readonly tenant: string; readonly id: string }
  | LetterKey;

export interface LetterKey {
  readonly type: "deadLetter" | "refusedLetter";
  readonly shard: number;
  readonly tenant: string;
  readonly id: string;
}

/**
 * Key of a block's object.
 *
 * @throws {InvalidArgumentError} when a part is not allowed.
 */
export function blockObjectKey(block: BlockLocation): string {
  const { shard, id } = checkParts(block);
  if (block.level === 0) return `${SEGMENTS_PREFIX}${shard}/${NO_TENANT}/${id}/block.bin`;
  return `${BLOCKS_PREFIX}${shard}/${checkTenant(block.tenant)}/${id}/block.bin`;
}

/**
 * Key of the dead letter that carries a block's metadata.
 *
 * @throws {InvalidArgumentError} when a part is not allowed.
 */
export function deadLetterKey(block: BlockLocation): string {
  const { shard, id } = checkParts(block);
  const tenant = block.level === 0 ? NO_TENANT : checkTenant(block.tenant);
  return `${DEAD_LETTERS_PREFIX}${shard}/${tenant}/${id}/meta.pb`;
}

/** Where a dead letter is kept whose block could not be registered. */
export function refusedLetterKey({ shard, tenant, id }: LetterKey): string {
  return `${REFUSED_LETTERS_PREFIX}${shard}/${tenant}/${id}/meta.pb`;
}

/** The object of the block that a letter is about. */
export function blockKeyOfLetter({ shard, tenant, id }: LetterKey): string {
  const isSegment = tenant === NO_TENANT;
  return blockObjectKey({ shard, id, level: isSegment ? 0 : 1, tenant: isSegment ? "" : tenant });
}

/** Reads a key back; undefined when it is none of ours. */
export function parseObjectKey(key: string): ParsedKey | undefined {
  const parts = key.split("/");
  const [kind, shardText, tenant, id, name] = parts;
  if (parts.length !== 5 || tenant === undefined || id === undefined) return undefined;
  const shard = parseShard(shardText ?? "");
  if (shard === undefined || !isTenant(tenant) || !isUlid(id)) return undefined;
  switch (`${kind}/${name}`) {
    case "segments/block.bin":
      return tenant === NO_TENANT ? { type: "segment", shard, id } : undefined;
    case "blocks/block.bin":
      return { type: "block", shard, tenant, id };
    case "dlq/meta.pb":
      return { type: "deadLetter", shard, tenant, id };
    case "dlq-refused/meta.pb":
      return { type: "refusedLetter", shard, tenant, id };
    default:
      return undefined;
  }
}

/**
 * Key of the copy of a metastore's snapshot.
 *
 * @throws {InvalidArgumentError} when a part is not allowed.
 */
export function metastoreSnapshotKey({ clusterId, index, term }: SnapshotLocation): string {
  const key = `${METASTORE_SNAPSHOTS_PREFIX}${clusterId}/${index}-${term}.bin`;
  if (!parseMetastoreSnapshotKey(key)) throw new InvalidArgumentError("invalid place of a snapshot");
  return key;
}

/** Reads the key of a copied snapshot back; undefined when it is none. */
export function parseMetastoreSnapshotKey(key: string): SnapshotLocation | undefined {
  if (!key.startsWith(METASTORE_SNAPSHOTS_PREFIX)) return undefined;
  const [clusterId = "", name = "", ...rest] = key.slice(METASTORE_SNAPSHOTS_PREFIX.length).split("/");
  const match = SNAPSHOT_PATTERN.exec(name);
  if (!match || rest.length > 0 || !CLUSTER_PATTERN.test(clusterId)) return undefined;
  const [index, term] = [Number(match[1]), Number(match[2])];
  return Number.isSafeInteger(index) && Number.isSafeInteger(term) ? { clusterId, index, term } : undefined;
}

function checkParts(block: BlockLocation): { shard: number; id: string } {
  if (!Number.isInteger(block.shard) || block.shard < 1 || block.shard > MAX_SHARD) {
    throw new InvalidArgumentError(`invalid shard: shard=${block.shard}`);
  }
  if (!isUlid(block.id)) throw new InvalidArgumentError("invalid block id: not a ULID");
  return { shard: block.shard, id: block.id };
}

function checkTenant(tenant: string): string {
  if (!isTenant(tenant)) throw new InvalidArgumentError("invalid tenant: not usable in an object key");
  return tenant;
}

function isTenant(text: string): boolean {
  return TENANT_PATTERN.test(text) && text !== "." && text !== "..";
}

function parseShard(text: string): number | undefined {
  const shard = SHARD_PATTERN.test(text) ? Number(text) : 0;
  return shard >= 1 && shard <= MAX_SHARD ? shard : undefined;
}
