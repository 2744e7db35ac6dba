import { ExactSums } from "@hearth/exact-integers";
import { PairInterner, SymbolsBuilder } from "@hearth/symbols";

import { type ProfileSum, valuedStacktraces } from "./profile-sum.ts";

/** What the Go compiler wants of a profile for profile-guided optimisation. */
export interface GoPgo {
  /** Leaf-most locations of each stack to keep, 0 for all. */
  readonly keepLocations: number;
  /** Whether a function counts as one callee, whichever of its lines was running. */
  readonly aggregateCallees: boolean;
}

/** Cuts stacks towards their leaves; those that become equal are added up. */
export function preparedForPgo(sum: ProfileSum, { keepLocations, aggregateCallees }: GoPgo): ProfileSum {
  const kept = keepLocations > 0 ? keepLeafMost(sum, keepLocations) : sum;
  return aggregateCallees ? joinCallees(kept) : kept;
}

function keepLeafMost({ symbols, values }: ProfileSum, count: number): ProfileSum {
  const { parent, location } = symbols.stacktraces;
  const stacks = new PairInterner();
  stacks.intern(0, 0);
  const leafFirst = new Uint32Array(count);
  const own = valuedStacktraces({ symbols, values }).map((stacktrace) => {
    let depth = 0;
    for (let stack = stacktrace; stack !== 0 && depth < count; stack = parent[stack]!) {
      leafFirst[depth++] = location[stack]!;
    }
    let kept = 0;
    while (depth > 0) kept = stacks.intern(kept, leafFirst[--depth]!);
    return kept;
  });
  const stacktraces = {
    parent: stacks.first.slice(0, stacks.count),
    location: stacks.second.slice(0, stacks.count),
  };
  return {
    symbols: { ...symbols, stacktraces },
    values: movedValues({ symbols, values }, own, stacks.count),
  };
}

/** Forgets, wherever a location is the leaf of some stack, which line of its innermost function was running. */
function joinCallees(sum: ProfileSum): ProfileSum {
  const { symbols } = sum;
  const { locations, lines, stacktraces } = symbols;
  const line = lines.line.slice();
  const valued = valuedStacktraces(sum);
  for (const stacktrace of valued) {
    const leaf = stacktraces.location[stacktrace]!;
    const first = locations.firstLine[leaf]!;
    if (first < locations.firstLine[leaf + 1]!) line[first] = 0;
  }
  const builder = new SymbolsBuilder();
  const map = builder.merge({ ...symbols, lines: { ...lines, line } }, valued);
  const own = valued.map((stacktrace) => map[stacktrace]!);
  return { symbols: builder.build(), values: movedValues(sum, own, builder.stacktraceCount) };
}

/** @param own - the new stack trace of each valued one. */
function movedValues(sum: ProfileSum, own: Uint32Array, count: number): ExactSums {
  const moved = new ExactSums(count);
  for (const [index, stacktrace] of valuedStacktraces(sum).entries()) {
    moved.add(own[index]!, sum.values.low[stacktrace]!, sum.values.high?.[stacktrace]);
  }
  return moved;
}
