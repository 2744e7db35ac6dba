import type { CallTree, Rollup } from "@hearth/block";
import { assertNever } from "@hearth/errors";
import type { RowColumns, SampleColumns } from "@hearth/profile";
import { distinctLabelSets, labelNames, labelValues, type SeriesIndex } from "@hearth/series-index";
import type {
  LabelSet,
  LeafQuery,
  LeafReport,
  PprofQuery,
  TimeSeriesQuery,
  TreeQuery,
} from "./leaf-request.ts";
import { DistinctByBlock } from "./distinct-by-block.ts";
import { PprofSum } from "./pprof-query.ts";
import { wantsWholeRows } from "./rolled-up.ts";
import { selectProfiles } from "./select-rows.ts";
import type { SharedSymbols } from "./shared-symbols.ts";
import type { SharedTables } from "./shared-tables.ts";
import type { SharedTree } from "./shared-tree.ts";
import { TimeSeriesSum } from "./time-series-query.ts";
import { TreeSum } from "./tree-query.ts";

/** What of a dataset a query reads beside its series. */
export interface Needs {
  readonly rows?: boolean;
  /** Whether what whole profile types sum to will do instead of rows. */
  readonly rollups?: boolean;
  /** The tree in which the query sums. */
  readonly nodesIn?: SharedTree;
  /** The symbols by which the query sums. */
  readonly stacktracesIn?: SharedSymbols;
  /** The dataset's own call tree, to find call sites. */
  readonly tree?: boolean;
}

/** The selected part of one dataset; what no query needs is absent. */
export interface Selection {
  /** Position of the block in the request. */
  readonly block: number;
  readonly index: SeriesIndex;
  /** Series that match, ascending. */
  readonly series: Uint32Array;
  readonly rows?: RowColumns;
  /** Rows of these series in the range of time, without repeats. */
  readonly selected: Uint32Array;
  readonly samples?: SampleColumns;
  /** Instead of rows and samples: what they sum to. */
  readonly rollups?: readonly Rollup[];
  /** For each stack trace its node in `nodesIn`. */
  readonly nodes?: Uint32Array;
  /** For each stack trace its number in `stacktracesIn`. */
  readonly stacktraces?: Uint32Array;
  readonly tree?: CallTree;
}

/** Sums one query over datasets. */
export interface Accumulator {
  readonly needs: Needs;
  /** @returns how many samples were looked at. */
  add(selection: Selection): number;
  report(): LeafReport;
}

/** @param blockCount - blocks of the request. */
export function accumulatorOf(query: LeafQuery, tables: SharedTables, blockCount: number): Accumulator {
  switch (query.type) {
    case "labelNames":
      return labelNamesAccumulator(blockCount);
    case "labelValues":
      return labelValuesAccumulator(query.name, blockCount);
    case "series":
      return seriesAccumulator(query.labelNames);
    case "timeSeries":
      return timeSeriesAccumulator(query, tables);
    case "tree":
      return treeAccumulator(query, tables);
    case "pprof":
      return pprofAccumulator(query, tables);
    default:
      return assertNever(query);
  }
}

function labelNamesAccumulator(blockCount: number): Accumulator {
  const names = new DistinctByBlock(blockCount);
  return {
    needs: {},
    add({ block, index, series }) {
      names.add(block, labelNames(index, series));
      return 0;
    },
    report: () => ({ type: "labelNames", names: names.strings, byBlock: names.byBlock() }),
  };
}

function labelValuesAccumulator(name: string, blockCount: number): Accumulator {
  const values = new DistinctByBlock(blockCount);
  return {
    needs: {},
    add({ block, index, series }) {
      values.add(block, labelValues(index, name, series));
      return 0;
    },
    report: () => ({ type: "labelValues", values: values.strings, byBlock: values.byBlock() }),
  };
}

function seriesAccumulator(names: readonly string[]): Accumulator {
  const sets = new Map<string, LabelSet>();
  return {
    needs: {},
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

function timeSeriesAccumulator(query: TimeSeriesQuery, tables: SharedTables): Accumulator {
  const sum = new TimeSeriesSum(query);
  const readsStacks = query.callSite.length > 0;
  return {
    // The nodes say how many stack traces there are, by which samples are checked.
    needs: readsStacks ? { rows: true, tree: true, nodesIn: tables.tree() } : { rows: true },
    add({ index, rows, selected, samples, tree }) {
      const stacks = samples && tree ? { samples, tree } : undefined;
      if (rows && (stacks || !readsStacks)) sum.add({ series: index, rows, stacks }, selected);
      return 0;
    },
    report: () => ({ type: "timeSeries", series: sum.report() }),
  };
}

function treeAccumulator({ selector }: TreeQuery, tables: SharedTables): Accumulator {
  const shared = tables.tree();
  const sum = new TreeSum(shared, selector);
  return {
    needs: {
      rows: true,
      rollups: wantsWholeRows(selector),
      nodesIn: shared,
      tree: selector.callSite.length > 0,
    },
    add({ rows, selected, samples, rollups, nodes, tree }) {
      if (rollups && nodes) return sum.addRollups(rollups, nodes);
      if (!rows || !samples || !nodes) return 0;
      const wanted = selectProfiles(rows, selected, selector.profileIds);
      return sum.add({ rows, samples, numberOf: nodes, tree }, wanted);
    },
    report: () => ({ type: "tree", tree: sum.report() }),
  };
}

function pprofAccumulator({ selector }: PprofQuery, tables: SharedTables): Accumulator {
  const shared = tables.symbols();
  const sum = new PprofSum(shared, selector);
  let hasSeries = false;
  return {
    needs: {
      rows: true,
      rollups: wantsWholeRows(selector),
      stacktracesIn: shared,
      tree: selector.callSite.length > 0,
    },
    add({ rows, selected, samples, rollups, stacktraces, tree }) {
      hasSeries = true;
      if (rollups && stacktraces) return sum.addRollups(rollups, stacktraces);
      if (!rows || !samples || !stacktraces) return 0;
      const wanted = selectProfiles(rows, selected, selector.profileIds);
      return sum.add({ rows, samples, numberOf: stacktraces, tree }, wanted);
    },
    report: () => ({ type: "pprof", columns: hasSeries ? sum.report() : new Uint8Array(0) }),
  };
}
