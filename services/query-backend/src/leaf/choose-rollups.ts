import { type DatasetRollups, type MarkedProfiles, profileMarks } from "@hearth/block";
import { Semaphore } from "@hearth/runtime";
import { selectSeries } from "@hearth/series-index";
import type { DatasetSource } from "./dataset-source.ts";
import type { LeafRequest } from "./leaf-request.ts";
import { rollupsOf } from "./rolled-up.ts";

/** Both ends inclusive, as of datasets. */
interface TimeRange {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/**
 * Decides which datasets are summed by their rollups. Rows are counted once however often they are stored, which sums
 * cannot be: so rollups are taken only of a dataset that has no profile in common with another of the leaf. Profiles
 * that are stored twice are of one tenant, service, shard and time; the rollups' ends, and the rows of the others, tell.
 *
 * @param options.reads - datasets that are read at once.
 */
export async function chooseRollups(
  sources: readonly DatasetSource[],
  request: LeafRequest,
  { reads }: { reads: number },
  signal: AbortSignal,
): Promise<ReadonlyMap<DatasetSource, DatasetRollups>> {
  const slots = new Semaphore(Math.max(1, reads));
  const candidates = new Map<DatasetSource, DatasetRollups>();
  await forEach(sources, slots, signal, async (source) => {
    const rollups = await rollupsOf(source, request, signal);
    if (rollups) candidates.set(source, rollups);
  });
  const chosen = new Map<DatasetSource, DatasetRollups>();
  const groups = Map.groupBy(sources, groupOf);
  await forEach([...candidates.keys()], slots, signal, async (source) => {
    const others = groups.get(groupOf(source))!;
    const isAlone = await holdsItsOwn(source, others, { candidates, request }, signal);
    if (isAlone) chosen.set(source, candidates.get(source)!);
  });
  return chosen;
}

/** Whether a candidate has no profile in common with `others`, as far as these have series that were asked for. */
async function holdsItsOwn(
  source: DatasetSource,
  others: readonly DatasetSource[],
  context: { candidates: ReadonlyMap<DatasetSource, DatasetRollups>; request: LeafRequest },
  signal: AbortSignal,
): Promise<boolean> {
  const { candidates, request } = context;
  for (const other of others) {
    const common = overlap(source.meta, other.meta);
    if (other === source || !common) continue;
    const own = marksWithin(candidates.get(source), common);
    if (!own) return false;
    const theirs =
      marksWithin(candidates.get(other), common) ?? (await rowMarks(other, common, request, signal));
    if (haveCommon(own, theirs)) return false;
  }
  return true;
}

/** Marks of at least the profiles in a range; undefined when the ends of the rollups do not reach so far. */
function marksWithin(rollups: DatasetRollups | undefined, range: TimeRange): Uint32Array | undefined {
  if (!rollups) return undefined;
  const { head, tail } = rollups.ends;
  return [head, tail].find((end) => covers(end, range))?.marks;
}

function covers({ startMs, endMs }: MarkedProfiles, { minTimeMs, maxTimeMs }: TimeRange): boolean {
  return startMs <= minTimeMs && maxTimeMs < endMs;
}

/** None of a dataset without a series that was asked for: its rows do not count. */
async function rowMarks(
  source: DatasetSource,
  { minTimeMs, maxTimeMs }: TimeRange,
  { matchers }: LeafRequest,
  signal: AbortSignal,
): Promise<Uint32Array> {
  const series = selectSeries(await source.series(signal), matchers);
  if (series.length === 0) return new Uint32Array(0);
  return profileMarks(await source.rows(signal), { startMs: minTimeMs, endMs: maxTimeMs + 1 });
}

/** @param a - ascending, as `b` is. */
function haveCommon(a: Uint32Array, b: Uint32Array): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) return true;
    if (a[i]! < b[j]!) i++;
    else j++;
  }
  return false;
}

function overlap(a: TimeRange, b: TimeRange): TimeRange | undefined {
  const minTimeMs = Math.max(a.minTimeMs, b.minTimeMs);
  const maxTimeMs = Math.min(a.maxTimeMs, b.maxTimeMs);
  return minTimeMs <= maxTimeMs ? { minTimeMs, maxTimeMs } : undefined;
}

function groupOf({ meta, shard }: DatasetSource): string {
  return JSON.stringify([meta.tenant, meta.service, shard]);
}

async function forEach<T>(
  items: readonly T[],
  slots: Semaphore,
  signal: AbortSignal,
  action: (item: T) => Promise<void>,
): Promise<void> {
  await Promise.all(items.map((item) => slots.run(() => action(item), signal)));
}
