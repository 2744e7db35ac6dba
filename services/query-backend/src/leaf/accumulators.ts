import type { CallTree } from "@hearth/block";
import { assertNever } from "@hearth/errors";
import type { RowColumns, SampleColumns } from "@hearth/profile";
import { distinctLabelSets, labelNames, labelValues, type SeriesIndex } from "@hearth/series-index";
import type { Symbols } from "@hearth/symbols";
import type { DatasetSource } from "./dataset-source.ts";
import type {
  LabelSet,
  LeafQuery,
  LeafReport,
  PprofQuery,
  TimeSeriesQuery,
  TreeQuery,
} from "./leaf-request.ts";
import { PprofSum } from "./pprof-query.ts";
import { selectProfiles } from "./select-rows.ts";
import type { SharedTables } from "./shared-tables.ts";
import { TimeSeriesSum } from "./time-series-query.ts";
import { TreeSum } from "./tree-query.ts";

/** What of a dataset a query reads; each level implies those before it. */
export const READ_LEVELS = ["series", "rows", "stacks", "symbols"] as const;
export type ReadLevel = (typeof READ_LEVELS)[number];

/** The selected part of one dataset; below the level that was read, parts are absent. */
export interface Selection {
  readonly source: DatasetSource;
  readonly index: SeriesIndex;
  /** Series that match, ascending. */
  readonly series: Uint32Array;
  readonly rows?: RowColumns;
  /** Rows of these series in the range of time, without repeats. */
  readonly selected: Uint32Array;
  readonly stacks?: { readonly tree: CallTree; readonly samples: SampleColumns };
  readonly symbols?: Symbols;
}

/** Sums one query over datasets. */
export interface Accumulator {
  readonly reads: ReadLevel;
  /** @returns how many samples were looked at. */
  add(selection: Selection): number;
  report(): LeafReport;
}

export function accumulatorOf(query: LeafQuery, tables: SharedTables): Accumulator {
  switch (query.type) {
    case "labelNames":
      return labelNamesAccumulator();
    case "labelValues":
      return labelValuesAccumulator(query.name);
    case "series":
      return seriesAccumulator(query.labelNames);
    case "timeSeries":
      return timeSeriesAccumulator(query);
    case "tree":
      return treeAccumulator(query, tables);
    case "pprof":
      return pprofAccumulator(query, tables);
    default:
      return assertNever(query);
  }
}

function labelNamesAccumulator(): Accumulator {
  const names = new Set<string>();
  return {
    reads: "series",
    add({ index, series }) {
      for (const name of labelNames(index, series)) names.add(name);
      return 0;
    },
    report: () => ({ type: "labelNames", names: [...names] }),
  };
}

function labelValuesAccumulator(name: string): Accumulator {
  const values = new Set<string>();
  return {
    reads: "series",
    add({ index, series }) {
      for (const value of labelValues(index, name, series)) values.add(value);
      return 0;
    },
    report: () => ({ type: "labelValues", values: [...values] }),
  };
}

function seriesAccumulator(names: readonly string[]): Accumulator {
  const sets = new Map<string, LabelSet>();
  return {
    reads: "series",
    add({ index, series }) {
      const wanted = names.length > 0 ? names : index.columns.map((column) => column.name);
      // Sorted, so that a set is the same whatever dataset it comes from.
      const sorted = [...new Set(wanted)].sort();
      for (const set of distinctLabelSets(index, series, sorted)) sets.set(JSON.stringify(set), set);
      return 0;
    },
    report: () => ({ type: "series", labelSets: [...sets.values()] }),
  };
}

function timeSeriesAccumulator(query: TimeSeriesQuery): Accumulator {
  const sum = new TimeSeriesSum(query);
  return {
    reads: query.callSite.length > 0 ? "stacks" : "rows",
    add({ index, rows, selected, stacks }) {
      if (rows) sum.add({ series: index, rows, stacks }, selected);
      return 0;
    },
    report: () => ({ type: "timeSeries", series: sum.report() }),
  };
}

function treeAccumulator({ selector }: TreeQuery, tables: SharedTables): Accumulator {
  const sum = new TreeSum(tables.tree(), selector);
  return {
    reads: "stacks",
    add({ source, rows, selected, stacks }) {
      if (!rows || !stacks) return 0;
      const nodes = tables.nodesOf(sum.shared, source, stacks.tree);
      return sum.add({ rows, ...stacks, nodes }, selectProfiles(rows, selected, selector.profileIds));
    },
    report: () => ({ type: "tree", tree: sum.report() }),
  };
}

function pprofAccumulator({ selector }: PprofQuery, tables: SharedTables): Accumulator {
  const sum = new PprofSum(tables.symbols(), selector);
  let hasSeries = false;
  return {
    reads: "symbols",
    add({ source, rows, selected, stacks, symbols }) {
      hasSeries = true;
      if (!rows || !stacks || !symbols) return 0;
      const stacktraces = tables.stacktracesOf(sum.shared, source, symbols);
      return sum.add({ rows, ...stacks, stacktraces }, selectProfiles(rows, selected, selector.profileIds));
    },
    report: () => ({ type: "pprof", columns: hasSeries ? sum.report() : new Uint8Array(0) }),
  };
}
