import type { Label, Labels } from "@hearth/labels";
import type { LabelColumn, SeriesIndex } from "./series-index.ts";

/** A condition on one label; a series without the label has the empty value. */
export interface LabelMatcher {
  readonly name: string;
  matches(value: string): boolean;
}

/** @returns the numbers of the series that satisfy all matchers, ascending. Each distinct value is tried once. */
export function selectSeries(index: SeriesIndex, matchers: readonly LabelMatcher[]): Uint32Array {
  const selected = new Uint8Array(index.count).fill(1);
  for (const matcher of matchers) {
    const column = index.columns.find(({ name }) => name === matcher.name);
    if (column) excludeByColumn(selected, column, matcher);
    else if (!matcher.matches("")) return new Uint32Array(0);
  }
  const series: number[] = [];
  for (let i = 0; i < selected.length; i++) if (selected[i] === 1) series.push(i);
  return Uint32Array.from(series);
}

function excludeByColumn(selected: Uint8Array, column: LabelColumn, matcher: LabelMatcher): void {
  const accepted = Uint8Array.of(
    matcher.matches("") ? 1 : 0,
    ...column.values.map((value) => (matcher.matches(value) ? 1 : 0)),
  );
  for (let i = 0; i < selected.length; i++) selected[i]! &= accepted[column.valueOf[i]!]!;
}

/** Names of the labels that at least one of the series has. */
export function labelNames(index: SeriesIndex, series: Uint32Array): string[] {
  return index.columns.filter(({ valueOf }) => series.some((i) => valueOf[i] !== 0)).map(({ name }) => name);
}

/** Distinct values of one label over the series. */
export function labelValues(index: SeriesIndex, name: string, series: Uint32Array): string[] {
  const column = index.columns.find((candidate) => candidate.name === name);
  if (!column) return [];
  const seen = new Set<number>();
  for (const i of series) if (column.valueOf[i] !== 0) seen.add(column.valueOf[i]!);
  return Array.from(seen, (number) => column.values[number - 1]!);
}

/** The labels of one series, in stored order. */
export function labelsOf(index: SeriesIndex, series: number): Labels {
  return index.columns.flatMap((column) => labelOf(column, series));
}

/** The distinct sets that the series have of the labels `names`, in the order of `names`; absent labels are left out. */
export function distinctLabelSets(
  index: SeriesIndex,
  series: Uint32Array,
  names: readonly string[],
): Labels[] {
  const columns = names.flatMap((name) => index.columns.find((column) => column.name === name) ?? []);
  const sets = new Map<string, Labels>();
  for (const i of series) {
    const key = columns.map(({ valueOf }) => valueOf[i]).join(",");
    if (!sets.has(key))
      sets.set(
        key,
        columns.flatMap((column) => labelOf(column, i)),
      );
  }
  return [...sets.values()];
}

function labelOf({ name, values, valueOf }: LabelColumn, series: number): Label[] {
  const number = valueOf[series]!;
  return number === 0 ? [] : [{ name, value: values[number - 1]! }];
}
