import type { DatasetRollups, RangeReader } from "@hearth/block";
import { InvalidArgumentError } from "@hearth/errors";
import type { RowColumns } from "@hearth/profile";
import { throwIfAborted } from "@hearth/runtime";
import { selectSeries } from "@hearth/series-index";
import { accumulatorOf, type Needs, type Selection } from "./accumulators.ts";
import { chooseRollups } from "./choose-rollups.ts";
import { DatasetSource, partKey } from "./dataset-source.ts";
import type { LeafReport, LeafRequest, LeafUsage } from "./leaf-request.ts";
import { rowsLeft, seriesLeft, spansOf } from "./deleted-series.ts";
import type { SectionCache } from "./section-cache.ts";
import type { SharedTables } from "./shared-tables.ts";
import { type Run, RunAllowance, RunReader } from "./run-reader.ts";
import { RepeatFilter, selectRows } from "./select-rows.ts";
import { wantedRuns } from "./wanted-runs.ts";

export interface LeafDeps {
  /** Opens the object of a block. */
  readonly openBlock: (block: LeafRequest["blocks"][number]) => RangeReader;
  readonly cache: SectionCache;
  readonly tables: SharedTables;
  /** Datasets that are read ahead of the one being summed. */
  readonly readAhead: number;
}

/**
 * Answers the queries of one leaf over all its datasets, each profile counted once. Datasets are read a few ahead and
 * summed one after another in the order of the request, so that an answer does not depend on which read came first.
 */
export async function executeLeaf(
  request: LeafRequest,
  deps: LeafDeps,
  signal: AbortSignal,
): Promise<{ reports: LeafReport[]; usage: LeafUsage }> {
  const accumulators = request.queries.map((query) =>
    accumulatorOf(query, deps.tables, request.blocks.length),
  );
  const needs = combinedNeeds(accumulators.map((accumulator) => accumulator.needs));
  const { sources, readers } = openBlocks(request, needs, deps);
  const rollups = needs.rollups
    ? await chooseRollups(sources, request, { reads: deps.readAhead }, signal)
    : NO_ROLLUPS;
  const repeats = new RepeatFilter();
  let profileCount = 0;
  let sampleCount = 0;
  for await (const { source, selection } of readAhead(sources, deps.readAhead, (source) =>
    read(source, { request, needs, rollups: rollups.get(source) }, signal),
  )) {
    source.release();
    throwIfAborted(signal);
    if (!selection) continue;
    const distinct = withoutRepeats(selection, source, repeats);
    profileCount += distinct.selected.length + rowCountOf(distinct);
    for (const accumulator of accumulators) sampleCount += accumulator.add(distinct);
  }
  const fetchedBytes = readers.reduce((sum, reader) => sum + reader.fetchedBytes, 0);
  return {
    reports: accumulators.map((accumulator) => accumulator.report()),
    usage: { fetchedBytes, profileCount, sampleCount },
  };
}

function openBlocks(
  request: LeafRequest,
  needs: Needs,
  { openBlock, cache }: LeafDeps,
): { readonly sources: readonly DatasetSource[]; readonly readers: readonly RunReader[] } {
  const allowance = new RunAllowance();
  const sources: DatasetSource[] = [];
  const readers = request.blocks.map((block, position) => {
    const wanted = (): Run[] =>
      wantedRuns(block, { ...request, needs }, (dataset, { kind }) =>
        cache.has(partKey(block, dataset, kind)),
      );
    const reader = new RunReader(openBlock(block), wanted, allowance);
    for (const meta of block.datasets) {
      if (!request.tenants.includes(meta.tenant)) {
        throw new InvalidArgumentError(`dataset of a tenant that was not asked for: block=${block.id}`);
      }
      sources.push(new DatasetSource(block, meta, { position, reader, cache }));
    }
    return reader;
  });
  return { sources, readers };
}

/** Yields the sources in their order with what `load` returned for each, having started up to `window` loads ahead. */
async function* readAhead<T>(
  sources: readonly DatasetSource[],
  window: number,
  load: (source: DatasetSource) => Promise<T>,
): AsyncGenerator<{ source: DatasetSource; selection: T }> {
  const loads: Promise<T>[] = [];
  const startUpTo = (end: number): void => {
    for (const source of sources.slice(loads.length, end)) {
      const started = load(source);
      // Awaited below in turn; until then a failure must not count as unhandled.
      started.catch(() => undefined);
      loads.push(started);
    }
  };
  for (const [index, source] of sources.entries()) {
    startUpTo(index + Math.max(1, window));
    yield { source, selection: await loads[index]! };
  }
}

const NO_ROWS = new Uint32Array(0);
const NO_ROLLUPS: ReadonlyMap<DatasetSource, DatasetRollups> = new Map();

/** Reads of a dataset what the queries need of it, and no more: nothing below the series when no series matches. */
async function read(
  source: DatasetSource,
  { request, needs, rollups }: { request: LeafRequest; needs: Needs; rollups: DatasetRollups | undefined },
  signal: AbortSignal,
): Promise<Selection | undefined> {
  const index = await source.series(signal);
  const block = source.blockPosition;
  const matching = selectSeries(index, request.matchers);
  const spans = spansOf(index, source.meta, request.deletions.get(block) ?? []);
  const loadRows = (): Promise<RowColumns> => source.rows(signal);
  const series = spans ? await seriesLeft(matching, spans, source.meta, loadRows) : matching;
  if (series.length === 0) return undefined;
  if (!needs.rows) return { block, index, series, selected: NO_ROWS };
  if (rollups) {
    const stacks = await readStackNumbers(source, needs, signal);
    return { block, index, series, selected: NO_ROWS, rollups: rollups.types, ...stacks };
  }
  const rows = await source.rows(signal);
  const inRange = selectRows(rows, series, index.count, request);
  const selected = spans ? rowsLeft(rows, inRange, spans) : inRange;
  const selection = { block, index, series, rows, selected };
  return selected.length === 0 ? selection : { ...selection, ...(await readStacks(source, needs, signal)) };
}

/** What all queries of a leaf need together. The shared tables are the same for all of them. */
function combinedNeeds(all: readonly Needs[]): Needs {
  const nodesIn = all.find((needs) => needs.nodesIn)?.nodesIn;
  const stacktracesIn = all.find((needs) => needs.stacktracesIn)?.stacktracesIn;
  return {
    rows: all.some((needs) => needs.rows),
    rollups: all.some((needs) => needs.rollups) && all.every((needs) => needs.rollups || !needs.rows),
    tree: all.some((needs) => needs.tree),
    ...(nodesIn && { nodesIn }),
    ...(stacktracesIn && { stacktracesIn }),
  };
}

async function readStacks(
  source: DatasetSource,
  needs: Needs,
  signal: AbortSignal,
): Promise<Pick<Selection, "samples" | "nodes" | "stacktraces" | "tree">> {
  const numbers = await readStackNumbers(source, needs, signal);
  const count = (numbers.nodes ?? numbers.stacktraces)?.length;
  if (count === undefined) return {};
  const samples = await source.samples(count, signal);
  return { samples, ...numbers, ...(needs.tree && { tree: await source.tree(signal) }) };
}

async function readStackNumbers(
  source: DatasetSource,
  needs: Needs,
  signal: AbortSignal,
): Promise<Pick<Selection, "nodes" | "stacktraces">> {
  const nodes = needs.nodesIn && (await source.nodes(needs.nodesIn, signal));
  const stacktraces = needs.stacktracesIn && (await source.stacktraces(needs.stacktracesIn, signal));
  return { ...(nodes && { nodes }), ...(stacktraces && { stacktraces }) };
}

/** Rows that rollups stand for. */
function rowCountOf({ rollups = [] }: Selection): number {
  return rollups.reduce((sum, { rowCount }) => sum + rowCount, 0);
}

function withoutRepeats(selection: Selection, source: DatasetSource, repeats: RepeatFilter): Selection {
  if (!selection.rows) return selection;
  const selected = repeats.newRows(source.meta.tenant, selection.index, selection.rows, selection.selected);
  return { ...selection, selected };
}
