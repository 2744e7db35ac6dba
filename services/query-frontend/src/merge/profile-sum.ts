import { ExactSums, type ExactColumn } from "@hearth/exact-integers";
import { decodeProfileColumns, type ProfileColumns } from "@hearth/profile";
import { SymbolsBuilder, type Symbols } from "@hearth/symbols";

/** Values by stack trace. */
export interface ProfileSum {
  readonly symbols: Symbols;
  /** One for each stack trace, 0 where it has no sample. */
  readonly values: ExactColumn;
}

/** Adds up profile columns of backends; rows and series play no part any more. */
export function sumProfiles(encoded: readonly Uint8Array[]): ProfileSum {
  const parts = encoded.map(decodeProfileColumns);
  const [first] = parts;
  // A backend has merged its part already: alone it is the whole.
  if (first && parts.length === 1) return sumOfOne(first);
  const builder = new SymbolsBuilder();
  const maps = parts.map(({ symbols, samples }) => builder.merge(symbols, samples.stacktrace));
  const values = new ExactSums(builder.stacktraceCount);
  for (const [index, { samples }] of parts.entries()) {
    addSamples(values, samples, (stacktrace) => maps[index]![stacktrace]!);
  }
  return { symbols: builder.build(), values };
}

/** Stack traces that have a sample, ascending; never the root. */
export function valuedStacktraces({ values }: ProfileSum): Uint32Array {
  const { low, high } = values;
  const valued = new Uint32Array(low.length);
  let count = 0;
  for (let stack = 1; stack < low.length; stack++) {
    if (low[stack] !== 0 || (high !== undefined && high[stack] !== 0)) valued[count++] = stack;
  }
  return valued.slice(0, count);
}

function sumOfOne({ symbols, samples }: ProfileColumns): ProfileSum {
  const values = new ExactSums(symbols.stacktraces.parent.length);
  addSamples(values, samples, (stacktrace) => stacktrace);
  return { symbols, values };
}

function addSamples(
  values: ExactSums,
  samples: ProfileColumns["samples"],
  own: (stacktrace: number) => number,
): void {
  const { low, high } = samples.value;
  for (let i = 0; i < samples.count; i++) values.add(own(samples.stacktrace[i]!), low[i]!, high?.[i]);
}
