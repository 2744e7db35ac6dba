import type { MessageInitShape } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "@hearth/errors";
import { ProfileSchema } from "@hearth/proto/google/v1";
import {
  type FlameGraph,
  FlameGraphSchema,
  ProfileFormat,
  type SelectMergeStacktracesRequest,
  type SelectMergeStacktracesResponseSchema,
} from "@hearth/proto/querier/v1";

import type { MessageFormat } from "../merge/message-format.ts";
import { fetchDot } from "../queries/dot-query.ts";
import { fetchPprof } from "../queries/pprof-query.ts";
import { fetchTrees, type TreeQuery } from "../queries/tree-query.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { allowedMaxNodes, allowedProfileMaxNodes } from "../request/max-nodes.ts";
import { sampleSelector } from "../request/sample-selector.ts";
import { profileSelection } from "../request/selectors.ts";
import { queriedRange } from "../request/time-range.ts";
import { AROUND_FLAME_GRAPH, writtenAnswer } from "./written-answer.ts";

type Response = MessageInitShape<typeof SelectMergeStacktracesResponseSchema>;

/** Everything that matches as one call tree, in the format asked for; unknown formats are flame graphs. */
export async function selectMergeStacktraces(
  frontend: QueryFrontend,
  request: SelectMergeStacktracesRequest,
  call: QueryCall,
): Promise<Response> {
  switch (request.format) {
    case ProfileFormat.DOT:
      return dotAnswer(frontend, request, call);
    case ProfileFormat.PPROF:
      return profileAnswer(frontend, request, call);
    default:
      return treeAnswer(frontend, request, call);
  }
}

/** Any request that asks for a call tree; other calls have fewer of the fields. */
export type TreeRequest = Pick<
  SelectMergeStacktracesRequest,
  "start" | "end" | "profileTypeID" | "labelSelector" | "maxNodes"
> &
  Partial<
    Pick<
      SelectMergeStacktracesRequest,
      "spanSelector" | "traceIdSelector" | "profileIdSelector" | "stackTraceSelector"
    >
  >;

async function treeAnswer(
  frontend: QueryFrontend,
  request: SelectMergeStacktracesRequest,
  call: QueryCall,
): Promise<Response> {
  const query = treeQuery(frontend, request, call);
  if (!query) return {};
  const trees = await fetchTrees(frontend, query, call);
  return request.format === ProfileFormat.TREE
    ? { tree: await frontend.merger.tree(trees, query.maxNodes, call.signal) }
    : flameGraphAnswer(frontend, trees, query.maxNodes, call);
}

/** The call tree that trees of backends add up to, as a flame graph. */
export async function flameGraphAnswer(
  { merger }: QueryFrontend,
  trees: readonly Uint8Array[],
  maxNodes: number,
  call: QueryCall,
): Promise<{ flamegraph: FlameGraph }> {
  const draw = (format: MessageFormat): Promise<Uint8Array> =>
    merger.flameGraph(trees, { maxNodes, format }, call.signal);
  return { flamegraph: await writtenAnswer(FlameGraphSchema, call, draw, AROUND_FLAME_GRAPH) };
}

/**
 * Checks a request for a call tree.
 *
 * @returns undefined when all of its range is too old for the tenant.
 * @throws {InvalidArgumentError} if it cannot be answered.
 */
export function treeQuery(
  frontend: QueryFrontend,
  request: TreeRequest,
  call: QueryCall,
): TreeQuery | undefined {
  checkSelectors(request);
  const limits = frontend.limitsFor(call.tenants);
  const range = queriedRange(request, limits, frontend.clock.nowMs());
  if (!range) return undefined;
  const maxNodes = allowedMaxNodes(request.maxNodes, limits);
  const { matchers } = profileSelection(request.profileTypeID, request.labelSelector);
  return { range, matchers, maxNodes, selector: sampleSelector(request) };
}

async function profileAnswer(
  frontend: QueryFrontend,
  request: SelectMergeStacktracesRequest,
  call: QueryCall,
): Promise<Response> {
  checkSelectors(request);
  const limits = frontend.limitsFor(call.tenants);
  const range = queriedRange(request, limits, frontend.clock.nowMs());
  if (!range) return {};
  const query = {
    range,
    maxNodes: allowedProfileMaxNodes(request.maxNodes, limits),
    ...profileSelection(request.profileTypeID, request.labelSelector),
    selector: sampleSelector(request),
    goPgo: request.stackTraceSelector?.goPgo,
  };
  const profile = await writtenAnswer(
    ProfileSchema,
    call,
    (format) => fetchPprof(frontend, query, format, call),
    ['{"pprof":{"profile":', "}}"],
  );
  return { pprof: { profile } };
}

async function dotAnswer(
  frontend: QueryFrontend,
  request: SelectMergeStacktracesRequest,
  call: QueryCall,
): Promise<Response> {
  checkSelectors(request);
  const range = queriedRange(request, frontend.limitsFor(call.tenants), frontend.clock.nowMs());
  if (!range) return {};
  const selection = profileSelection(request.profileTypeID, request.labelSelector);
  const query = {
    range,
    ...selection,
    selector: sampleSelector(request),
    maxNodes: Number(request.maxNodes ?? 0n),
  };
  return { dot: await fetchDot(frontend, query, call) };
}

function checkSelectors({ spanSelector = [], traceIdSelector = [] }: TreeRequest): void {
  if (spanSelector.length > 0 && traceIdSelector.length > 0) {
    throw new InvalidArgumentError("span_selector and trace_id_selector cannot be combined");
  }
}
