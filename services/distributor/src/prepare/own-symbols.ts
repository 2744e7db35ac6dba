import { heap, type Memory } from "@hearth/arena";
import type { ProfileColumns } from "@hearth/profile";
import { pickSymbols } from "@hearth/symbols";

/**
 * Columns with a copy of just the symbols that they use. Services of one profile or export share theirs, and go to
 * different writers: of an export of sixty services each uses a few hundredths.
 */
export function withOwnSymbols(profile: ProfileColumns, memory: Memory = heap): ProfileColumns {
  const { samples } = profile;
  const { symbols, remap } = pickSymbols(profile.symbols, samples.stacktrace, memory);
  const stacktrace = memory.uint32(samples.count);
  for (let i = 0; i < stacktrace.length; i++) stacktrace[i] = remap[samples.stacktrace[i]!]!;
  return { ...profile, symbols, samples: { ...samples, stacktrace } };
}
