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
  const builder = new SymbolsBuilder();
  const maps = parts.map(({ symbols, samples }) => builder.merge(symbols, samples.stacktrace));
  const values = new ExactSums(builder.stacktraceCount);
  for (const [index, { samples }] of parts.entries()) addSamples(values, samples, maps[index]!);
  return { symbols: builder.build(), values };
}

/** Stack traces that have a sample, ascending; never the root. */
export function valuedStacktraces({ values }: ProfileSum): Uint32Array {
  const { low, high } = values;
  const isValued = (stack: number): boolean => low[stack] !== 0 || (high !== undefined && high[stack] !== 0);
  return Uint32Array.from(low.keys()).filter((stack) => stack !== 0 && isValued(stack));
}

function addSamples(values: ExactSums, samples: ProfileColumns["samples"], map: Uint32Array): void {
  const { low, high } = samples.value;
  for (let i = 0; i < samples.count; i++) values.add(map[samples.stacktrace[i]!]!, low[i]!, high?.[i]);
}
