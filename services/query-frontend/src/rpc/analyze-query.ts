import type { MessageInitShape } from "@bufbuild/protobuf";
import { SectionKind } from "@hearth/proto/hearth/block/v1";
import type {
  AnalyzeQueryRequest,
  AnalyzeQueryResponseSchema,
  QueryScopeSchema,
} from "@hearth/proto/querier/v1";

import { PPROF_SECTIONS, sectionBytes, type PlannedBlock } from "../execute/planned-blocks.ts";
import { queryError } from "../execute/query-errors.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { labelMatchers, type Matcher } from "../request/selectors.ts";
import { queriedRange } from "../request/time-range.ts";

/** What a query would read, from its plan; nothing is read. Segments and compacted blocks are told apart. */
export async function analyzeQuery(
  frontend: QueryFrontend,
  request: AnalyzeQueryRequest,
  call: QueryCall,
): Promise<MessageInitShape<typeof AnalyzeQueryResponseSchema>> {
  const range = queriedRange(request, frontend.limitsFor(call.tenants), frontend.clock.nowMs());
  if (!range) return {};
  const scope = {
    tenants: call.tenants,
    range,
    matchers: analyzedMatchers(request.query),
    sections: PPROF_SECTIONS,
  };
  const { leaves } = await planOf(frontend, scope, call.signal);
  const segments = leaves.map(({ blocks }) => blocks.filter(({ meta: { level } }) => level === 0));
  const compacted = leaves.map(({ blocks }) => blocks.filter(({ meta: { level } }) => level > 0));
  const scopes = [queryScope("segments", segments), queryScope("blocks", compacted)];
  return {
    queryScopes: scopes.filter(({ blockCount }) => blockCount > 0n),
    queryImpact: {
      totalBytesInTimeRange: scopes.reduce(
        (sum, { indexBytes, profileBytes, symbolBytes }) => sum + indexBytes + profileBytes + symbolBytes,
        0n,
      ),
      totalQueriedSeries: scopes.reduce((sum, { seriesCount }) => sum + seriesCount, 0n),
      deduplicationNeeded: segments.some((leaf) => leaf.length > 0),
    },
  };
}

/** `<profile type id>{selector}` or a selector alone; nothing means everything. */
function analyzedMatchers(query: string): Matcher[] {
  return query === "" ? [] : labelMatchers([query], 'failed to parse "query"');
}

const PROFILE_SECTIONS: readonly SectionKind[] = [SectionKind.PROFILES, SectionKind.SAMPLES];
const SYMBOL_SECTIONS: readonly SectionKind[] = [SectionKind.NAMES, SectionKind.TREE, SectionKind.SYMBOLS];

async function planOf(
  frontend: QueryFrontend,
  scope: Parameters<QueryFrontend["executor"]["plan"]>[0],
  signal: AbortSignal,
): ReturnType<QueryFrontend["executor"]["plan"]> {
  try {
    return await frontend.executor.plan(scope, signal);
  } catch (error) {
    throw queryError(error, signal);
  }
}

/** @param leaves - the blocks of one kind in each read. */
function queryScope(componentType: string, leaves: readonly (readonly PlannedBlock[])[]) {
  const blocks = leaves.flat();
  const datasets = blocks.flatMap(({ meta }) => meta.datasets);
  const bytesOf = (sections: readonly SectionKind[]): bigint =>
    BigInt(datasets.reduce((sum, dataset) => sum + sectionBytes(dataset, sections), 0));
  return {
    componentType,
    componentCount: BigInt(leaves.filter((leaf) => leaf.length > 0).length),
    blockCount: BigInt(blocks.length),
    seriesCount: BigInt(datasets.reduce((sum, { seriesCount }) => sum + seriesCount, 0)),
    profileCount: BigInt(datasets.reduce((sum, { profileCount }) => sum + profileCount, 0)),
    sampleCount: datasets.reduce((sum, { sampleCount }) => sum + sampleCount, 0n),
    indexBytes: bytesOf([SectionKind.SERIES]),
    profileBytes: bytesOf(PROFILE_SECTIONS),
    symbolBytes: bytesOf(SYMBOL_SECTIONS),
  } satisfies MessageInitShape<typeof QueryScopeSchema>;
}
