import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type DiffRequest,
  type DiffResponseSchema,
  SelectMergeStacktracesRequestSchema,
} from "@hearth/proto/querier/v1";

import { fetchTrees } from "../queries/tree-query.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { allowedMaxNodes } from "../request/max-nodes.ts";
import { parseProfileType } from "../request/selectors.ts";
import { type TreeRequest, treeQuery } from "./select-merge-stacktraces.ts";

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
  const [leftTrees, rightTrees] = await Promise.all([
    fetchSide(frontend, left, call),
    fetchSide(frontend, right, call),
  ]);
  const trees = { left: leftTrees, right: rightTrees };
  return { flamegraph: await frontend.merger.diff(trees, maxNodes, call.signal) };
}

/** Whole trees, since a node that is small here may be large on the other side; none when the range is too old. */
async function fetchSide(
  frontend: QueryFrontend,
  request: TreeRequest,
  call: QueryCall,
): Promise<Uint8Array[]> {
  const query = treeQuery(frontend, request, call);
  return query ? fetchTrees(frontend, { ...query, maxNodes: 0 }, call) : [];
}

function larger(a: bigint | undefined, b: bigint | undefined): bigint {
  const left = a ?? 0n;
  const right = b ?? 0n;
  return left > right ? left : right;
}
