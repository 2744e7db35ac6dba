import { RowBuilder, type ProfileHead } from "@hearth/profile";
import { SymbolsBuilder, type Symbols } from "@hearth/symbols";

import { buildSymbols } from "./build-symbols.ts";
import { canonicalLocations } from "./canonical-locations.ts";
import { withOwnSymbols } from "./own-symbols.ts";
import type { ServiceProfile } from "./prepared-profile.ts";
import type { SampleLabels } from "./sample-labels.ts";
import { groupByService, type LabelGroup } from "./split-samples.ts";
import { StackTree } from "./stack-tree.ts";
import { SampleSummer } from "./sum-samples.ts";
import type { WorkingProfile } from "./working-profile.ts";

/** What rows are made of. */
export interface ServicesInput {
  readonly profile: WorkingProfile;
  readonly types: readonly number[];
  /** Indexes of the samples that are stored. */
  readonly samples: Uint32Array;
  readonly sampleLabels: SampleLabels;
  readonly groups: readonly LabelGroup[];
  readonly head: ProfileHead;
  readonly rowRules: { readonly renameWallCpu: boolean };
}

/** Makes the rows of a profile: for each service those of its label sets and sample types, with the symbols that they use. */
export function buildServices({
  profile,
  types,
  samples,
  sampleLabels,
  groups,
  head,
  rowRules,
}: ServicesInput): ServiceProfile[] {
  if (groups.every(({ positions }) => positions.length === 0)) return [];
  const { symbols, stacktrace } = buildStacks(profile, samples);
  const { value } = profile.pprof.samples;
  const summer = new SampleSummer({
    stacktrace,
    stacktraceCount: symbols.stacktraces.parent.length,
    sample: samples,
    value,
    typeCount: profile.pprof.sampleTypes.length,
    types,
    spanId: sampleLabels.spanId,
    traceId: sampleLabels.traceId,
    memory: profile.memory,
  });
  const services: ServiceProfile[] = [];
  for (const [serviceName, own] of groupByService(groups)) {
    const builder = new RowBuilder(rowRules, profile.memory);
    for (const { labels, positions } of own) builder.add(head, { labels, ...summer.sum(positions) });
    if (builder.rowCount > 0) services.push({ serviceName, profile: builder.build(symbols) });
  }
  if (services.length < 2) return services;
  return services.map(({ serviceName, profile: rows }) => ({
    serviceName,
    profile: withOwnSymbols(rows, profile.memory),
  }));
}

interface Stacks {
  readonly symbols: Symbols;
  /** Index of the stack trace of each selected sample. */
  readonly stacktrace: Uint32Array;
}

function buildStacks(profile: WorkingProfile, samples: Uint32Array): Stacks {
  const { stackLocations, stackStart, stackEnd, memory } = profile;
  const { first, isSymbolized } = canonicalLocations(profile.pprof, memory);
  const tree = new StackTree(profile.pprof.locations.count, memory);
  const stacktrace = memory.uint32(samples.length);
  for (let position = 0; position < samples.length; position++) {
    const sample = samples[position]!;
    stacktrace[position] = tree.insert(stackLocations, stackStart[sample]!, stackEnd[sample]!, first);
  }
  const symbols = buildSymbols(profile, {
    locations: tree.usedLocations,
    isSymbolized,
    stacktraces: tree.view(),
  });
  return profile.hasEqualSymbols ? mergeEqual({ symbols, stacktrace }) : { symbols, stacktrace };
}

/** Renamed functions may have become equal, and with them locations and stacks. */
function mergeEqual({ symbols, stacktrace }: Stacks): Stacks {
  const builder = new SymbolsBuilder();
  const merged = builder.merge(symbols, stacktrace);
  return { symbols: builder.build(), stacktrace: stacktrace.map((index) => merged[index]!) };
}
