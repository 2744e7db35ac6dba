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

/** A block that may hold matching profiles. Its metadata is read only when it is needed: whoever asked before may have kept it. */
export interface MatchingBlock {
  readonly partition: Partition;
  readonly row: number;
  readonly shard: number;
  /** Which of its datasets match and which of their label sets: with partition and row it names what {@link read} returns. */
  readonly selection: string;
  /** Decodes the metadata: only those datasets that match, and of each of these only the label sets that do. */
  read(): BlockMeta;
}

/** Blocks that may hold matching profiles, sorted by shard, then id. */
export function queryMetadata(index: BlockIndex, query: MetadataQuery): MatchingBlock[] {
  const blocks: MatchingBlock[] = [];
  for (const partition of index.partitionsOverlapping(query)) {
    const kinds = new KindMatcher(partition, query);
    for (const { shard, row } of rowsOf(partition, query)) {
      const selection = selectDatasets(partition, row, kinds, query);
      if (selection === "") continue;
      const read = (): BlockMeta => partition.block(row, query, (kind) => kinds.match(kind)?.kind);
      blocks.push({ partition, row, shard, selection, read });
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

/** A kind that matches a query. */
interface KindMatch {
  /** With its matching label sets. */
  readonly kind: DatasetKind;
  /** Which label sets these are; empty when all are. */
  readonly narrowing: string;
}

/** Decides once per kind, however many blocks have it. */
class KindMatcher {
  readonly #partition: Partition;
  readonly #tenants: ReadonlySet<string>;
  readonly #predicates: readonly LabelPredicate[];
  /** By kind number; null when it does not match. */
  readonly #decided: (KindMatch | null | undefined)[] = [];

  constructor(partition: Partition, query: MetadataQuery) {
    this.#partition = partition;
    this.#tenants = new Set(query.tenants);
    this.#predicates = query.predicates;
  }

  match(kindNumber: number): KindMatch | undefined {
    const known = this.#decided[kindNumber];
    const decided = known === undefined ? (this.#decided[kindNumber] = this.#decide(kindNumber)) : known;
    return decided ?? undefined;
  }

  #decide(kindNumber: number): KindMatch | null {
    const kind = this.#partition.vocabulary.kind(kindNumber);
    if (!this.#tenants.has(kind.tenant)) return null;
    if (this.#predicates.length === 0 || kind.labelSets.length === 0) return { kind, narrowing: "" };
    const matching = [...kind.labelSets.keys()].filter((i) => this.#matches(kind.labelSets[i]!));
    if (matching.length === 0) return null;
    if (matching.length === kind.labelSets.length) return { kind, narrowing: "" };
    const labelSets = matching.map((i) => kind.labelSets[i]!);
    return { kind: { ...kind, labelSets }, narrowing: `(${matching.join()})` };
  }

  #matches(labels: Labels): boolean {
    return this.#predicates.every((predicate) => {
      const label = labels.find(({ name }) => name === predicate.name);
      return label === undefined || predicate.matches(label.value);
    });
  }
}

/** Positions of the datasets of a row that match and overlap, each with its narrowing; empty when there are none. */
function selectDatasets(partition: Partition, row: number, kinds: KindMatcher, range: TimeRange): string {
  const isInside = partition.rowIsInside(row, range);
  let selection = "";
  let position = 0;
  partition.forEachDataset(row, (kind, numbers) => {
    const match = kinds.match(kind);
    if (match && (isInside || overlaps(partition.datasetTimes(row, numbers), range))) {
      selection += `${position}${match.narrowing} `;
    }
    position++;
  });
  return selection;
}

function overlaps(times: { minTimeMs: number; maxTimeMs: number }, range: TimeRange): boolean {
  return times.minTimeMs < range.endMs && times.maxTimeMs >= range.startMs;
}

/** Rows of any of the tenants with data in the range: within a shard in the order of ids, each once. */
function rowsOf(partition: Partition, query: MetadataQuery): { shard: number; row: number }[] {
  const lists = new Map<number, RowList[]>();
  for (const tenant of new Set(query.tenants)) {
    for (const [shard, rows] of partition.tenants.get(tenant)?.shards ?? []) {
      const known = lists.get(shard);
      if (known) known.push(rows);
      else lists.set(shard, [rows]);
    }
  }
  return [...lists].flatMap(([shard, sameShard]) =>
    overlappingRows(partition, sameShard, query).map((row) => ({ shard, row })),
  );
}

function overlappingRows(partition: Partition, lists: readonly RowList[], range: TimeRange): number[] {
  const rows = new Set<number>();
  for (const list of lists) {
    for (let position = 0; position < list.count; position++) {
      const row = list.at(position);
      if (partition.rowOverlaps(row, range)) rows.add(row);
    }
  }
  // One list is in order already.
  return lists.length === 1 ? [...rows] : [...rows].sort((a, b) => partition.compareRows(a, b));
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
    const kind = place === "outside" ? undefined : matcher.match(number)?.kind;
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
  for (const { row } of rowsOf(partition, query)) {
    partition.forEachDataset(row, (number, numbers) => {
      const kind = unsettled.get(number);
      if (!kind) return;
      if (!overlaps(partition.datasetTimes(row, numbers), query)) return;
      found.push(kind);
      unsettled.delete(number);
    });
    if (unsettled.size === 0) break;
  }
  return found;
}
