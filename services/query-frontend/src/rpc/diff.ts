import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type DiffRequest,
  type DiffResponseSchema,
  FlameGraphDiffSchema,
  SelectMergeStacktracesRequestSchema,
} from "@hearth/proto/querier/v1";

import type { MessageFormat } from "../merge/message-format.ts";
import { fetchTrees, type TreeQuery } from "../queries/tree-query.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { allowedMaxNodes } from "../request/max-nodes.ts";
import { parseProfileType } from "../request/selectors.ts";
import { treeQuery } from "./select-merge-stacktraces.ts";
import { AROUND_FLAME_GRAPH, writtenAnswer } from "./written-answer.ts";

/** Two call trees over each other, cut together once. */
export async function diff(
  frontend: QueryFrontend,
  request: DiffRequest,
  call: QueryCall,
): Promise<MessageInitShape<typeof DiffResponseSchema>> {
  const left = request.left ?? create(SelectMergeStacktracesRequestSchema);
  const right = request.right ?? create(SelectMergeStacktracesRequestSchema);
  const maxNodes = allowedMaxNodes(larger(left.maxNodes, right.maxNodes), frontend.limitsFor(call.tenants));
  parseProfileType(left.profileTypeID);
  parseProfileType(right.profileTypeID);
  // Both are checked before either is read.
  const queries = [treeQuery(frontend, left, call), treeQuery(frontend, right, call)] as const;
  const [leftTrees, rightTrees] = await Promise.all(queries.map((query) => fetchSide(frontend, query, call)));
  const trees = { left: leftTrees ?? [], right: rightTrees ?? [] };
  const draw = (format: MessageFormat): Promise<Uint8Array> =>
    frontend.merger.diff(trees, { maxNodes, format }, call.signal);
  return { flamegraph: await writtenAnswer(FlameGraphDiffSchema, call, draw, AROUND_FLAME_GRAPH) };
}

/** Whole trees, since a node that is small here may be large on the other side; none when the range is too old. */
async function fetchSide(
  frontend: QueryFrontend,
  query: TreeQuery | undefined,
  call: QueryCall,
): Promise<Uint8Array[]> {
  return query ? fetchTrees(frontend, { ...query, maxNodes: 0 }, call) : [];
}

function larger(a: bigint | undefined, b: bigint | undefined): bigint {
  const left = a ?? 0n;
  const right = b ?? 0n;
  return left > right ? left : right;
}
