import { ExactSums } from "@hearth/exact-integers";
import type { CallTree } from "@hearth/block";
import {
  encodeProfileColumns,
  type ProfileColumns,
  type RowColumns,
  type SampleColumns,
} from "@hearth/profile";
import type { Symbols } from "@hearth/symbols";
import type { SampleSelector } from "./leaf-request.ts";
import { spanPredicate, stacktracesBelowCallSite } from "./select-samples.ts";
import type { SharedSymbols } from "./shared-symbols.ts";
import { NodeSums } from "./shared-tree.ts";

interface PprofDataset {
  /** Only for queries with a call site. */
  readonly tree: CallTree | undefined;
  readonly samples: SampleColumns;
  readonly rows: RowColumns;
  /** For each stack trace of the dataset its number in the shared symbols. */
  readonly stacktraces: Uint32Array;
}

/** Sums samples by stack trace over datasets, symbols and all. */
export class PprofSum {
  readonly shared: SharedSymbols;
  readonly #selector: SampleSelector;
  /** By stack trace of the shared symbols. */
  readonly #sums = new NodeSums();

  constructor(shared: SharedSymbols, selector: SampleSelector) {
    this.shared = shared;
    this.#selector = selector;
  }

  /** @returns how many samples were looked at. */
  add(dataset: PprofDataset, selected: Uint32Array): number {
    const { samples, rows, stacktraces } = dataset;
    this.#sums.reserve(this.shared.stacktraceCount);
    const { low, high } = samples.value;
    for (const sample of chosenSamples(dataset, selected, this.#selector)) {
      this.#sums.add(stacktraces[samples.stacktrace[sample]!]!, low[sample]!, high ? high[sample]! : 0);
    }
    return selected.reduce((sum, row) => sum + rows.firstSample[row + 1]! - rows.firstSample[row]!, 0);
  }

  report(): Uint8Array {
    const { low, high } = this.#sums;
    const used = Uint32Array.from(low.keys()).filter(
      (i) => low[i] !== 0 || (high !== undefined && high[i] !== 0),
    );
    const { symbols, remap } = this.shared.extract(used);
    const sums = new ExactSums(symbols.stacktraces.parent.length);
    for (const stacktrace of used)
      sums.add(remap[stacktrace]!, low[stacktrace]!, high ? high[stacktrace]! : 0);
    return encodeProfileColumns(oneRow(symbols, sums));
  }
}

function chosenSamples(
  { tree, samples, rows }: PprofDataset,
  selected: Uint32Array,
  selector: SampleSelector,
): Uint32Array {
  const counts = spanPredicate(samples, selector);
  const below = stacktracesBelowCallSite(tree, selector.callSite);
  const chosen = new Uint32Array(samples.count);
  let count = 0;
  for (const row of selected) {
    for (let sample = rows.firstSample[row]!; sample < rows.firstSample[row + 1]!; sample++) {
      if (below && below[samples.stacktrace[sample]!] === 0) continue;
      if (!counts || counts(sample)) chosen[count++] = sample;
    }
  }
  return chosen.subarray(0, count);
}

/** Sums as profile columns with one row, without labels or time; stack traces that sum to zero are left out. */
function oneRow(symbols: Symbols, sums: ExactSums): ProfileColumns {
  const { low, high } = sums;
  const stacktrace = Uint32Array.from(low.keys()).filter(
    (i) => low[i] !== 0 || (high !== undefined && high[i] !== 0),
  );
  const total = new ExactSums(1);
  for (const i of stacktrace) total.add(0, low[i]!, high ? high[i]! : 0);
  return {
    series: [{ labels: [], fingerprint: 0n }],
    rows: {
      count: 1,
      series: new Uint32Array(1),
      timeMs: new Float64Array(1),
      timeRestNanos: new Uint32Array(1),
      profileId: new Uint8Array(16),
      total,
      firstSample: Uint32Array.of(0, stacktrace.length),
      period: new Float64Array(1),
      durationNanos: new Float64Array(1),
    },
    samples: {
      count: stacktrace.length,
      stacktrace,
      value: {
        low: Float64Array.from(stacktrace, (i) => low[i]!),
        high: high && Float64Array.from(stacktrace, (i) => high[i]!),
      },
      spanId: undefined,
      traceId: undefined,
    },
    symbols,
  };
}
