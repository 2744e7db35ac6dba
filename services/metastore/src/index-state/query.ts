import { compareLabels, type Labels } from "@hearth/labels";
import type { BlockMeta } from "@hearth/block";
import type { BlockIndex } from "./block-index.ts";
import type { Partition, TimeRange } from "./partition.ts";
import type { RowList } from "./row-list.ts";
import type { DatasetKind } from "./vocabulary.ts";

/** What a matcher asks of one label. */
export interface LabelPredicate {
  readonly name: string;
  matches(value: string): boolean;
}

export interface MetadataQuery extends TimeRange {
  readonly tenants: readonly string[];
  /**
   * All must hold. A predicate on a label that a dataset's label set does not carry says nothing about the set: it is for
   * the reader of the block.
   */
  readonly predicates: readonly LabelPredicate[];
}

/**
 * Blocks that may hold matching profiles, sorted by shard, then id. Each comes with only those datasets that may, and
 * each of these with only the label sets that match.
 */
export function queryMetadata(index: BlockIndex, query: MetadataQuery): BlockMeta[] {
  const blocks: BlockMeta[] = [];
  for (const partition of index.partitionsOverlapping(query)) {
    const kinds = new KindMatcher(partition, query);
    for (const row of rowsOf(partition, query)) {
      const block = matchingBlock(partition, row, kinds, query);
      if (block) blocks.push(block);
    }
  }
  // Stable: partitions follow each other in time, rows of a shard in the order of ids.
  return blocks.sort((a, b) => a.shard - b.shard);
}

/** Distinct label sets of matching datasets, reduced to `labelNames` unless that is empty; sorted. */
export function queryLabels(
  index: BlockIndex,
  query: MetadataQuery & { labelNames: readonly string[] },
): Labels[] {
  const names = query.labelNames.length > 0 ? new Set(query.labelNames) : undefined;
  const distinct = new Map<string, Labels>();
  for (const partition of index.partitionsOverlapping(query)) {
    for (const kind of matchingKindsInRange(partition, query)) {
      for (const labels of kind.labelSets) {
        const kept = names ? labels.filter((label) => names.has(label.name)) : labels;
        if (kept.length > 0) distinct.set(JSON.stringify(kept.map(({ name, value }) => [name, value])), kept);
      }
    }
  }
  return [...distinct.values()].sort(compareLabels);
}

/** Decides once per kind, however many blocks have it. */
class KindMatcher {
  readonly #partition: Partition;
  readonly #tenants: ReadonlySet<string>;
  readonly #predicates: readonly LabelPredicate[];
  /** By kind number; null when it does not match. */
  readonly #decided: (DatasetKind | null | undefined)[] = [];

  constructor(partition: Partition, query: MetadataQuery) {
    this.#partition = partition;
    this.#tenants = new Set(query.tenants);
    this.#predicates = query.predicates;
  }

  /** The kind with its matching label sets; undefined when none matches. */
  match(kindNumber: number): DatasetKind | undefined {
    const decided = this.#decided[kindNumber] ?? (this.#decided[kindNumber] = this.#decide(kindNumber));
    return decided ?? undefined;
  }

  #decide(kindNumber: number): DatasetKind | null {
    const kind = this.#partition.vocabulary.kind(kindNumber);
    if (!this.#tenants.has(kind.tenant)) return null;
    if (this.#predicates.length === 0 || kind.labelSets.length === 0) return kind;
    const labelSets = kind.labelSets.filter((labels) => this.#matches(labels));
    return labelSets.length > 0 ? { ...kind, labelSets } : null;
  }

  #matches(labels: Labels): boolean {
    return this.#predicates.every((predicate) => {
      const label = labels.find(({ name }) => name === predicate.name);
      return label === undefined || predicate.matches(label.value);
    });
  }
}

function matchingBlock(
  partition: Partition,
  row: number,
  kinds: KindMatcher,
  range: TimeRange,
): BlockMeta | undefined {
  let hasMatch = false;
  partition.forEachDataset(row, (kind) => {
    hasMatch ||= kinds.match(kind) !== undefined;
  });
  if (!hasMatch) return undefined;
  const block = partition.block(row, range, (kind) => kinds.match(kind));
  return block.datasets.length > 0 ? block : undefined;
}

/** Rows of any of the tenants with data in the range: within a shard in the order of ids, each once. */
function rowsOf(partition: Partition, query: MetadataQuery): number[] {
  const lists = new Map<number, RowList[]>();
  for (const tenant of new Set(query.tenants)) {
    for (const [shard, rows] of partition.tenants.get(tenant)?.shards ?? []) {
      const known = lists.get(shard);
      if (known) known.push(rows);
      else lists.set(shard, [rows]);
    }
  }
  const found: number[] = [];
  for (const sameShard of lists.values()) appendOverlapping(partition, sameShard, query, found);
  return found;
}

function appendOverlapping(
  partition: Partition,
  lists: readonly RowList[],
  range: TimeRange,
  found: number[],
): void {
  const rows = new Set<number>();
  for (const list of lists) {
    for (let position = 0; position < list.count; position++) {
      const row = list.at(position);
      if (!partition.rowOverlaps(row, range)) continue;
      if (lists.length === 1) found.push(row);
      else rows.add(row);
    }
  }
  for (const row of [...rows].sort((a, b) => partition.compareRows(a, b))) found.push(row);
}

/**
 * Kinds that match and have a dataset in the range. The bounds of a kind mostly tell; only when they reach beyond the range
 * are blocks looked at, and only until every kind is settled.
 */
function matchingKindsInRange(partition: Partition, query: MetadataQuery): DatasetKind[] {
  const matcher = new KindMatcher(partition, query);
  const found: DatasetKind[] = [];
  const unsettled = new Map<number, DatasetKind>();
  for (let number = 0; number < partition.vocabulary.extent.kindCount; number++) {
    const place = partition.kindPlace(number, query);
    const kind = place === "outside" ? undefined : matcher.match(number);
    if (!kind) continue;
    if (place === "inside") found.push(kind);
    else unsettled.set(number, kind);
  }
  return unsettled.size === 0 ? found : [...found, ...settle(partition, query, unsettled)];
}

function settle(
  partition: Partition,
  query: MetadataQuery,
  unsettled: Map<number, DatasetKind>,
): DatasetKind[] {
  const found: DatasetKind[] = [];
  for (const row of rowsOf(partition, query)) {
    partition.forEachDataset(row, (number, numbers) => {
      const kind = unsettled.get(number);
      if (!kind) return;
      const times = partition.datasetTimes(row, numbers);
      if (times.minTimeMs >= query.endMs || times.maxTimeMs < query.startMs) return;
      found.push(kind);
      unsettled.delete(number);
    });
    if (unsettled.size === 0) break;
  }
  return found;
}
