import { isUlid } from "@hearth/runtime";
import type { BlockMeta, DatasetMeta, Section } from "@hearth/block";

/** Bounds on what one block may say of itself; a valid block is far below each. */
const BLOCK_LIMITS = {
  level: 15,
  datasets: 65_536,
  sections: 64,
  labelSets: 4_096,
  labels: 256,
  stringLength: 16_384,
  /** Numbers of deletions are about the time of their request, in milliseconds. */
  deletionsApplied: 2 ** 48,
} as const;

/** What a tenant may be called: the rule of `X-Scope-OrgID`. */
const TENANT_PATTERN = /^[a-zA-Z0-9!\-_.*'()]{1,150}$/;

/**
 * Why a block cannot be registered, or undefined when it can. What passes is safe to keep and to answer: the bounds of
 * its parts nest, its tenant can be part of an object key, its numbers are exact. Used before a proposal, to tell the writer, and again when
 * the command is applied, since what is in the log is not trusted.
 */
export function blockRefusal(block: BlockMeta): string | undefined {
  if (!isUlid(block.id)) return "the id is not a ulid";
  if (!isCount(block.shard, 0xffff_ffff) || block.shard < 1) return "the shard is out of range";
  if (!isCount(block.level, BLOCK_LIMITS.level)) return "the level is out of range";
  if (!isCount(block.formatVersion, 0xffff_ffff) || block.formatVersion < 1)
    return "the format version is missing";
  if (!isTimeRange(block)) return "the time range is invalid";
  if (!isCount(block.sizeBytes)) return "the size is out of range";
  if (block.createdBy.length > BLOCK_LIMITS.stringLength) return "the host name is too long";
  if (block.datasets.length === 0) return "there are no datasets";
  if (block.datasets.length > BLOCK_LIMITS.datasets) return "there are too many datasets";
  if (!isCount(block.origin?.deletionsApplied ?? 0, BLOCK_LIMITS.deletionsApplied))
    return "the number of the last deletion is out of range";
  return tenantRefusal(block) ?? datasetsRefusal(block);
}

/** Whether `tenant` is a name that a tenant may have. */
export function isTenant(tenant: string): boolean {
  return TENANT_PATTERN.test(tenant) && tenant !== "." && tenant !== "..";
}

function tenantRefusal(block: BlockMeta): string | undefined {
  if (block.level === 0) return block.tenant === "" ? undefined : "a segment belongs to no tenant";
  return isTenant(block.tenant) ? undefined : "the tenant is invalid";
}

function datasetsRefusal(block: BlockMeta): string | undefined {
  for (const [position, dataset] of block.datasets.entries()) {
    const reason = datasetRefusal(dataset, block);
    if (reason) return `dataset ${position}: ${reason}`;
  }
  return undefined;
}

function datasetRefusal(dataset: DatasetMeta, block: BlockMeta): string | undefined {
  if (!isTenant(dataset.tenant)) return "the tenant is invalid";
  if (block.level > 0 && dataset.tenant !== block.tenant) return "the tenant is not that of the block";
  if (dataset.service.length > BLOCK_LIMITS.stringLength) return "the service name is too long";
  if (!isTimeRange(dataset)) return "the time range is invalid";
  if (dataset.minTimeMs < block.minTimeMs || dataset.maxTimeMs > block.maxTimeMs) {
    return "the time range is not within that of the block";
  }
  if (!isRange(dataset, 0, block.sizeBytes)) return "the bytes are not within the block";
  if (dataset.sections.length > BLOCK_LIMITS.sections) return "there are too many sections";
  if (!dataset.sections.every((section) => isSection(section, dataset))) return "a section is invalid";
  if (!isCount(dataset.seriesCount) || !isCount(dataset.profileCount) || !isCount(dataset.sampleCount)) {
    return "a count is out of range";
  }
  return labelsRefusal(dataset);
}

function isSection(section: Section, dataset: DatasetMeta): boolean {
  return (
    isCount(section.crc, 0xffff_ffff) &&
    isCount(section.rawSizeBytes) &&
    isRange(section, dataset.offset, dataset.offset + dataset.sizeBytes)
  );
}

function labelsRefusal(dataset: DatasetMeta): string | undefined {
  if (dataset.labelSets.length > BLOCK_LIMITS.labelSets) return "there are too many label sets";
  for (const labels of dataset.labelSets) {
    if (labels.length > BLOCK_LIMITS.labels) return "a label set is too large";
    for (const { name, value } of labels) {
      if (name === "" || name.length > BLOCK_LIMITS.stringLength) return "a label name is invalid";
      if (value.length > BLOCK_LIMITS.stringLength) return "a label value is too long";
    }
  }
  return undefined;
}

function isTimeRange(range: { minTimeMs: number; maxTimeMs: number }): boolean {
  return isCount(range.minTimeMs) && isCount(range.maxTimeMs) && range.minTimeMs <= range.maxTimeMs;
}

function isRange(part: { offset: number; sizeBytes: number }, start: number, end: number): boolean {
  return (
    isCount(part.offset) &&
    isCount(part.sizeBytes) &&
    part.offset >= start &&
    part.offset + part.sizeBytes <= end
  );
}

function isCount(value: number, max = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}
