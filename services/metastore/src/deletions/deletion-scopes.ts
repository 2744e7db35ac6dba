import { INDEXED_LABELS } from "@hearth/block";
import type { CompiledDeletion } from "@hearth/deletions";
import type { Labels } from "@hearth/labels";
import type { Partition } from "../index-state/partition.ts";
import type { DatasetKind, Vocabulary } from "../index-state/vocabulary.ts";
import type { Deletion } from "./deletion.ts";
import type { DeletionTable } from "./deletion-table.ts";

/** A deletion that may cover series of a kind of datasets. */
export interface KindScope<D extends CompiledDeletion = Deletion> {
  readonly deletion: D;
  /** For each label set of the kind 1 when it covers every series with these labels. */
  readonly coveredSets: Uint8Array;
  /** It covers every series. */
  readonly isWhole: boolean;
}

/** What deletions mean for a block. */
export interface RowScope {
  /** Those that may cover rows of it and were not applied when it was written; at least one, in the order of their numbers. */
  readonly deletions: readonly Deletion[];
  /** Each of its datasets is covered whole by one of them. */
  readonly isCovered: boolean;
}

/** Times of data, both inclusive. */
export interface DataTimes {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

const NONE: readonly KindScope[] = [];

/**
 * Finds which deletions concern which datasets, by what the index knows of them: tenant, service and profile types. Whether a
 * series with other labels is covered is for the reader of the block. Decides once per kind, however many blocks have it.
 */
export class DeletionScopes {
  readonly #table: DeletionTable;
  /** By vocabulary, which a partition keeps when it is written anew; then by kind number. */
  #decided = new WeakMap<Vocabulary, (readonly KindScope[] | undefined)[]>();
  #version = 0;

  constructor(table: DeletionTable) {
    this.#table = table;
  }

  /** Deletions in force that may cover series of a kind, in the order of their numbers. */
  ofKind({ vocabulary }: Partition, kindNumber: number): readonly KindScope[] {
    if (this.#table.inForceCount === 0) return NONE;
    if (this.#version !== this.#table.version) {
      this.#decided = new WeakMap();
      this.#version = this.#table.version;
    }
    let kinds = this.#decided.get(vocabulary);
    if (!kinds) this.#decided.set(vocabulary, (kinds = []));
    return (kinds[kindNumber] ??= this.#decide(vocabulary.kind(kindNumber)));
  }

  /** @returns undefined when no deletion concerns the block. */
  ofRow(partition: Partition, row: number): RowScope | undefined {
    if (this.#table.inForceCount === 0) return undefined;
    const applied = partition.deletionsApplied(row);
    // By number: scopes of different kinds may hold the deletion as it was at different times.
    const found = new Map<number, Deletion>();
    let isCovered = true;
    partition.forEachDataset(row, (kind, numbers) => {
      const scopes = this.ofKind(partition, kind);
      const times = scopes.length > 0 ? partition.datasetTimes(row, numbers) : undefined;
      const touching = times ? scopes.filter((scope) => touches(scope, times, applied)) : NONE;
      for (const { deletion } of touching) found.set(deletion.number, deletion);
      isCovered &&= touching.some((scope) => scope.isWhole && isInside(times!, scope.deletion));
    });
    if (found.size === 0) return undefined;
    return { deletions: [...found.values()].sort((a, b) => a.number - b.number), isCovered };
  }

  #decide(kind: DatasetKind): readonly KindScope[] {
    const deletions = this.#table.ofTenant(kind.tenant);
    return deletions.length === 0 ? NONE : deletions.flatMap((deletion) => kindScope(kind, deletion) ?? []);
  }
}

/** Whether a deletion covers data of these times, and was not applied when their block was written. */
export function touches({ deletion }: KindScope, times: DataTimes, applied: number): boolean {
  return deletion.number > applied && times.minTimeMs < deletion.endMs && times.maxTimeMs >= deletion.startMs;
}

/** Whether all data of these times is in the range of a deletion. */
export function isInside(times: DataTimes, { startMs, endMs }: Deletion): boolean {
  return times.minTimeMs >= startMs && times.maxTimeMs < endMs;
}

/** What a deletion of the same tenant means for a kind; undefined when it covers no series of it. */
export function kindScope<D extends CompiledDeletion>(
  { labelSets, service }: DatasetKind,
  deletion: D,
): KindScope<D> | undefined {
  const verdicts =
    labelSets.length === 0
      ? [verdictOf([{ name: "service_name", value: service }], ["service_name"], deletion)]
      : labelSets.map((labels) => verdictOf(labels, INDEXED_LABELS, deletion));
  if (verdicts.every((verdict) => verdict === "none")) return undefined;
  const isWhole = verdicts.every((verdict) => verdict === "all");
  const coveredSets = Uint8Array.from(labelSets, (_, set) => (verdicts[set] === "all" ? 1 : 0));
  return { deletion, coveredSets, isWhole };
}

/** @param known - names of labels that would be in `labels` if the series had them. */
function verdictOf(
  labels: Labels,
  known: readonly string[],
  { matchers }: CompiledDeletion,
): "all" | "some" | "none" {
  let verdict: "all" | "some" = "all";
  for (const matcher of matchers) {
    if (!known.includes(matcher.name)) verdict = "some";
    else if (!matcher.matches(labels.find(({ name }) => name === matcher.name)?.value ?? "")) return "none";
  }
  return verdict;
}
