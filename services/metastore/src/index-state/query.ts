import { compareLabels, type Labels } from "@hearth/labels";
import type { BlockMeta } from "@hearth/block";
import type { Deletion } from "../deletions/deletion.ts";
import type { DeletionScopes } from "../deletions/deletion-scopes.ts";
import { datasetScope } from "../deletions/visible-data.ts";
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
  /** Deletions on request that may cover rows of the datasets that match, in the order of their numbers. */
  readonly deletions: readonly Deletion[];
  /** Decodes the metadata: only those datasets that match, and of each of these only the label sets that do. */
  read(): BlockMeta;
}

/**
 * Blocks that may hold matching profiles, sorted by shard, then id. Datasets all of whose matching rows are deleted on request
 * are left out.
 */
export function queryMetadata(
  index: BlockIndex,
  scopes: DeletionScopes,
  query: MetadataQuery,
): MatchingBlock[] {
  const blocks: MatchingBlock[] = [];
  for (const partition of index.partitionsOverlapping(query)) {
    const kinds = new KindMatcher(partition, query);
    for (const { shard, row } of rowsOf(partition, query)) {
      const { selection, hidden, deletions } = selectDatasets({ partition, row }, kinds, scopes, query);
      if (selection === "") continue;
      const read = (): BlockMeta =>
        partition.block(row, query, (kind, position) =>
          hidden?.has(position) ? undefined : kinds.match(kind)?.kind,
        );
      blocks.push({ partition, row, shard, selection, deletions, read });
    }
  }
  // Stable: partitions follow each other in time, rows of a shard in the order of ids.
  return blocks.sort((a, b) => a.shard - b.shard);
}

/** What the index knows of label sets. */
export interface LabelAnswer {
  /** Sorted. */
  readonly labelSets: readonly Labels[];
  /** Some are only in datasets that deletions cover in part, so that perhaps no row of them is left. */
  readonly mayBeDeleted: boolean;
}

/**
 * Distinct label sets of matching datasets, reduced to `labelNames` unless that is empty. Sets all of whose rows are
 * deleted on request are left out, as far as they themselves tell.
 */
export function queryLabels(
  index: BlockIndex,
  scopes: DeletionScopes,
  query: MetadataQuery & { labelNames: readonly string[] },
): LabelAnswer {
  const names = query.labelNames.length > 0 ? new Set(query.labelNames) : undefined;
  const distinct = new Map<string, Labels>();
  const sure = new Set<string>();
  for (const partition of index.partitionsOverlapping(query)) {
    for (const { labels, isSure } of labelSetsInRange(partition, scopes, query)) {
      const kept = names ? labels.filter((label) => names.has(label.name)) : labels;
      if (kept.length === 0) continue;
      const key = JSON.stringify(kept.map(({ name, value }) => [name, value]));
      distinct.set(key, kept);
      if (isSure) sure.add(key);
    }
  }
  const labelSets = [...distinct.values()].sort(compareLabels);
  return { labelSets, mayBeDeleted: sure.size < distinct.size };
}

/** A kind that matches a query. */
interface KindMatch {
  /** With its matching label sets. */
  readonly kind: DatasetKind;
  /** Positions of these in the kind; undefined when all match. */
  readonly sets: readonly number[] | undefined;
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
    if (this.#predicates.length === 0 || kind.labelSets.length === 0)
      return { kind, sets: undefined, narrowing: "" };
    const matching = [...kind.labelSets.keys()].filter((i) => this.#matches(kind.labelSets[i]!));
    if (matching.length === 0) return null;
    if (matching.length === kind.labelSets.length) return { kind, sets: undefined, narrowing: "" };
    const labelSets = matching.map((i) => kind.labelSets[i]!);
    return { kind: { ...kind, labelSets }, sets: matching, narrowing: `(${matching.join()})` };
  }

  #matches(labels: Labels): boolean {
    return this.#predicates.every((predicate) => {
      const label = labels.find(({ name }) => name === predicate.name);
      return label === undefined || predicate.matches(label.value);
    });
  }
}

/** What a query reads of a row. */
interface DatasetSelection {
  /** Positions of the datasets that match, overlap and are not hidden, each with its narrowing; empty when there are none. */
  readonly selection: string;
  /** Positions of those that match and overlap, and are covered by deletions; undefined when there are none. */
  readonly hidden: ReadonlySet<number> | undefined;
  /** That may cover rows of the others. */
  readonly deletions: readonly Deletion[];
}

const NO_DELETIONS: readonly Deletion[] = [];

function selectDatasets(
  at: { readonly partition: Partition; readonly row: number },
  kinds: KindMatcher,
  scopes: DeletionScopes,
  range: TimeRange,
): DatasetSelection {
  const { partition, row } = at;
  const isInside = partition.rowIsInside(row, range);
  let selection = "";
  let position = 0;
  let hidden: Set<number> | undefined;
  let deletions: Map<number, Deletion> | undefined;
  partition.forEachDataset(row, (kind, numbers) => {
    const here = position++;
    const match = kinds.match(kind);
    if (!match) return;
    const isDeletable = scopes.ofKind(partition, kind).length > 0;
    const times = isInside && !isDeletable ? undefined : partition.datasetTimes(row, numbers);
    if (times && !isInside && !overlaps(times, range)) return;
    const scope = isDeletable && times ? datasetScope(scopes, at, kind, times) : undefined;
    if (scope && (scope.isCovered || match.sets?.every((set) => scope.coveredSets[set] === 1))) {
      (hidden ??= new Set()).add(here);
      return;
    }
    for (const deletion of scope?.deletions ?? []) (deletions ??= new Map()).set(deletion.number, deletion);
    selection += `${here}${match.narrowing} `;
  });
  const sorted = deletions ? [...deletions.values()].sort((a, b) => a.number - b.number) : NO_DELETIONS;
  return { selection, hidden, deletions: sorted };
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

/** A label set that has rows in the range; or perhaps has none left. */
interface FoundLabels {
  readonly labels: Labels;
  readonly isSure: boolean;
}

/**
 * Label sets that match, of datasets in the range. The bounds of a kind mostly tell; only when they reach beyond the range, or
 * something of the kind may be deleted, are blocks looked at, and only until every label set is settled.
 */
function labelSetsInRange(partition: Partition, scopes: DeletionScopes, query: MetadataQuery): FoundLabels[] {
  const matcher = new KindMatcher(partition, query);
  const found: FoundLabels[] = [];
  const unsettled = new Map<number, Set<number>>();
  for (let number = 0; number < partition.vocabulary.extent.kindCount; number++) {
    const place = partition.kindPlace(number, query);
    const match = place === "outside" ? undefined : matcher.match(number);
    if (!match) continue;
    const isDeletable = scopes.ofKind(partition, number).length > 0;
    if (place === "inside" && !isDeletable) {
      for (const labels of match.kind.labelSets) found.push({ labels, isSure: true });
    } else {
      unsettled.set(number, new Set(match.sets ?? match.kind.labelSets.keys()));
    }
  }
  if (unsettled.size > 0) found.push(...settle(partition, scopes, query, unsettled));
  return found;
}

/** @param unsettled - by kind number: positions of the label sets that are asked for. Its content is lost. */
function settle(
  partition: Partition,
  scopes: DeletionScopes,
  query: MetadataQuery,
  unsettled: Map<number, Set<number>>,
): FoundLabels[] {
  const found: FoundLabels[] = [];
  for (const { row } of rowsOf(partition, query)) {
    partition.forEachDataset(row, (number, numbers) => {
      const sets = unsettled.get(number);
      if (!sets) return;
      const times = partition.datasetTimes(row, numbers);
      if (!overlaps(times, query)) return;
      const scope = datasetScope(scopes, { partition, row }, number, times);
      for (const set of sets) {
        if (scope?.coveredSets[set] === 1) continue;
        found.push({ labels: partition.vocabulary.kind(number).labelSets[set]!, isSure: !scope });
        if (!scope) sets.delete(set);
      }
      if (sets.size === 0) unsettled.delete(number);
    });
    if (unsettled.size === 0) break;
  }
  return found;
}
