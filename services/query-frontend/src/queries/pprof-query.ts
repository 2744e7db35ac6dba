import type { MessageInitShape } from "@bufbuild/protobuf";

import type { SampleSelectorSchema } from "@hearth/proto/hearth/query/v1";
import type { GoPGO } from "@hearth/proto/types/v1";

import { PPROF_SECTIONS } from "../execute/planned-blocks.ts";
import type { GoPgo } from "../merge/go-pgo.ts";
import type { PprofHeader } from "../merge/merge-pprof.ts";
import type { MessageFormat } from "../merge/message-format.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { type Matcher, NOT_STRIPPED, type ProfileType } from "../request/selectors.ts";
import type { TimeRange } from "../request/time-range.ts";

export interface PprofQuery {
  readonly range: TimeRange;
  readonly profileType: ProfileType;
  readonly matchers: readonly Matcher[];
  readonly selector: MessageInitShape<typeof SampleSelectorSchema>;
  /** Cuts stacks for profile-guided optimisation; functions and call sites then do not matter. */
  readonly goPgo: GoPGO | undefined;
  /** Functions in the call tree to keep, 0 for all. */
  readonly maxNodes: number;
}

/** One profile of all that match, written. Profiles whose stacks were stripped are left out. */
export async function fetchPprof(
  frontend: QueryFrontend,
  query: PprofQuery,
  format: MessageFormat,
  call: QueryCall,
): Promise<Uint8Array> {
  const { range, profileType, matchers, selector, maxNodes, goPgo } = query;
  const reports = await frontend.executor.run(
    { tenants: call.tenants, range, matchers: [...matchers, NOT_STRIPPED], sections: PPROF_SECTIONS },
    // For profile-guided optimisation stacks are cut from their leaves, not where they are called.
    { case: "pprof", value: { selector: goPgo ? { ...selector, callSite: [] } : selector } },
    call.signal,
  );
  const columns = reports.flatMap(({ report }) =>
    report.case === "pprof" && report.value.columns.length > 0 ? [report.value.columns] : [],
  );
  const options = {
    header: pprofHeader(profileType, range),
    maxNodes,
    goPgo: goPgo && plainPgo(goPgo),
    format,
  };
  return frontend.merger.pprof(columns, options, call.signal);
}

/** Without what makes it a message, so that it can go to another thread. */
function plainPgo({ keepLocations, aggregateCallees }: GoPGO): GoPgo {
  return { keepLocations, aggregateCallees };
}

function pprofHeader(type: ProfileType, range: TimeRange): PprofHeader {
  return {
    sampleType: type.sampleType,
    sampleUnit: type.sampleUnit,
    periodType: type.periodType,
    periodUnit: type.periodUnit,
    period: PERIODS.get(type.name) ?? 1n,
    timeNanos: BigInt(range.endMs) * 1_000_000n,
  };
}

/** What clients are used to read as the period, whatever was measured. */
const PERIODS: ReadonlyMap<string, bigint> = new Map([
  ["process_cpu", 1_000_000_000n],
  ["memory", 524_288n],
]);
