import type { CallTree, Rollup } from "@hearth/block";
import { DataLossError } from "@hearth/errors";
import type { RowColumns, SampleColumns } from "@hearth/profile";
import { grown } from "@hearth/symbols";
import type { SampleSelector } from "./leaf-request.ts";
import { spanPredicate, stacktracesBelowCallSite, type SamplePredicate } from "./select-samples.ts";

/** As in `@hearth/exact-integers`; imported, it would be looked up for each sample, which takes a tenth longer. */
const WORD = 2 ** 52;

/** What of a dataset samples are summed by. */
export interface SampledDataset {
  readonly rows: RowColumns;
  readonly samples: SampleColumns;
  /** For each stack trace of the dataset its number in the table that datasets share: what its samples are summed under. */
  readonly numberOf: Uint32Array;
  /** Only for queries with a call site. */
  readonly tree: CallTree | undefined;
}

/** Values of samples by node of a `SharedTree`, or by stack trace of `SharedSymbols`, for one query. */
export class SampleSums {
  low: Float64Array = new Float64Array(0);
  high: Float64Array | undefined;
  /** 1 for each number that something was added to. */
  #touched = new Uint8Array(0);

  /** Makes room for the numbers that the shared table has now. */
  reserve(count: number): void {
    this.low = grown(this.low, count);
    this.#touched = grown(this.#touched, count);
    if (this.high) this.high = grown(this.high, count);
  }

  /**
   * Adds the samples of some rows; room must have been made.
   *
   * @returns how many samples were looked at.
   */
  addRows(dataset: SampledDataset, selected: Uint32Array, selector: SampleSelector): number {
    const { rows, samples, tree } = dataset;
    const counts = spanPredicate(samples, selector);
    const below = stacktracesBelowCallSite(tree, selector.callSite);
    let sampleCount = 0;
    for (const row of selected) {
      const start = rows.firstSample[row]!;
      const end = rows.firstSample[row + 1]!;
      addSamples(this, dataset, { start, end, below, counts });
      sampleCount += end - start;
    }
    return sampleCount;
  }

  /**
   * Adds what all rows of a type sum to; room must have been made.
   *
   * @param numberOf - for each stack trace what it is summed under.
   * @returns how many sums there were.
   * @throws {DataLossError} when the dataset has no such stack trace.
   */
  addRollup({ stacktrace, value: { low, high } }: Rollup, numberOf: Uint32Array): number {
    const count = stacktrace.length;
    // They ascend.
    if (count > 0 && stacktrace[count - 1]! >= numberOf.length)
      throw new DataLossError("block: no such stack trace: section=rollup");
    for (let i = 0; i < count; i++) this.add(numberOf[stacktrace[i]!]!, low[i]!, high ? high[i]! : 0);
    return count;
  }

  /** Adds `high · 2^52 + low`; room must have been made. */
  add(number: number, low: number, high: number): void {
    this.#touched[number] = 1;
    const sum = this.low[number]! + low;
    if (sum < WORD && high === 0) {
      this.low[number] = sum;
      return;
    }
    this.high ??= new Float64Array(this.low.length);
    this.low[number] = sum >= WORD ? sum - WORD : sum;
    this.high[number]! += high + (sum >= WORD ? 1 : 0);
  }

  /** Of nodes: the root, the touched ones and all between them, ascending. Parents have smaller numbers than children. */
  usedNodes(parents: Uint32Array): Uint32Array {
    const touched = this.#touched;
    let count = 1;
    for (let node = touched.length - 1; node > 0; node--) {
      if (touched[node] === 0) continue;
      touched[parents[node]!] = 1;
      count++;
    }
    const used = new Uint32Array(count);
    for (let node = 1, at = 1; node < touched.length; node++) if (touched[node] === 1) used[at++] = node;
    return used;
  }
}

/** Samples `[start, end)`, of which those count that are below the call site and of the spans asked for. */
interface SampleRange {
  readonly start: number;
  readonly end: number;
  readonly below: Uint8Array | undefined;
  readonly counts: SamplePredicate;
}

function addSamples(sums: SampleSums, { samples, numberOf }: SampledDataset, range: SampleRange): void {
  const { start, end, below, counts } = range;
  const { low, high } = samples.value;
  for (let sample = start; sample < end; sample++) {
    const stacktrace = samples.stacktrace[sample]!;
    if ((below && below[stacktrace] === 0) || (counts && !counts(sample))) continue;
    sums.add(numberOf[stacktrace]!, low[sample]!, high ? high[sample]! : 0);
  }
}
