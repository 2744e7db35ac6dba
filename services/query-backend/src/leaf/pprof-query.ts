import type { Rollup } from "@hearth/block";
import { ExactSums } from "@hearth/exact-integers";
import { encodeProfileColumns, type ProfileColumns, type SampleColumns } from "@hearth/profile";
import type { Symbols } from "@hearth/symbols";
import type { SampleSelector } from "./leaf-request.ts";
import { SampleSums, type SampledDataset } from "./sample-sums.ts";
import type { SharedSymbols } from "./shared-symbols.ts";

/** Sums samples by stack trace over datasets, symbols and all. */
export class PprofSum {
  readonly shared: SharedSymbols;
  readonly #selector: SampleSelector;
  /** By stack trace of the shared symbols. */
  readonly #sums = new SampleSums();

  constructor(shared: SharedSymbols, selector: SampleSelector) {
    this.shared = shared;
    this.#selector = selector;
  }

  /** @returns how many samples were looked at. */
  add(dataset: SampledDataset, selected: Uint32Array): number {
    this.#sums.reserve(this.shared.stacktraceCount);
    return this.#sums.addRows(dataset, selected, this.#selector);
  }

  /** @param numberOf - for each stack trace its number in the shared table. @returns how many sums were looked at. */
  addRollups(rollups: readonly Rollup[], numberOf: Uint32Array): number {
    this.#sums.reserve(this.shared.stacktraceCount);
    return rollups.reduce((count, rollup) => count + this.#sums.addRollup(rollup, numberOf), 0);
  }

  report(): Uint8Array {
    const { low, high } = this.#sums;
    const used = valuedStacktraces(low, high);
    const { symbols, remap } = this.shared.extract(used);
    const value = { low: picked(low, used), high: high && picked(high, used) };
    return encodeProfileColumns(oneRow(symbols, { stacktrace: picked(remap, used), value }));
  }
}

/** Stack traces that do not sum to zero, ascending. */
function valuedStacktraces(low: Float64Array, high: Float64Array | undefined): Uint32Array {
  const valued = new Uint32Array(low.length);
  let count = 0;
  for (let i = 0; i < low.length; i++) {
    if (low[i] !== 0 || (high !== undefined && high[i] !== 0)) valued[count++] = i;
  }
  return valued.subarray(0, count);
}

function picked<C extends Uint32Array | Float64Array>(column: C, entries: Uint32Array): C {
  const own = new (column.constructor as new (length: number) => C)(entries.length);
  for (let i = 0; i < entries.length; i++) own[i] = column[entries[i]!]!;
  return own;
}

/** Sums as profile columns with one row, without labels or time. */
function oneRow(
  symbols: Symbols,
  { stacktrace, value }: Pick<SampleColumns, "stacktrace" | "value">,
): ProfileColumns {
  const total = new ExactSums(1);
  for (let i = 0; i < stacktrace.length; i++) total.add(0, value.low[i]!, value.high?.[i]);
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
    samples: { count: stacktrace.length, stacktrace, value, spanId: undefined, traceId: undefined },
    symbols,
  };
}
