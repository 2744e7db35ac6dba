import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  ProfileFormat,
  type SelectMergeSpanProfileRequest,
  type SelectMergeSpanProfileResponseSchema,
} from "@hearth/proto/querier/v1";

import { fetchTrees } from "../queries/tree-query.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { flameGraphAnswer, treeQuery } from "./select-merge-stacktraces.ts";

/** The call tree of some spans. Older clients; newer ones name spans in SelectMergeStacktraces. */
export async function selectMergeSpanProfile(
  frontend: QueryFrontend,
  request: SelectMergeSpanProfileRequest,
  call: QueryCall,
): Promise<MessageInitShape<typeof SelectMergeSpanProfileResponseSchema>> {
  const query = treeQuery(frontend, request, call);
  if (!query) return {};
  const trees = await fetchTrees(frontend, query, call);
  return request.format === ProfileFormat.TREE
    ? { tree: await frontend.merger.tree(trees, query.maxNodes, call.signal) }
    : flameGraphAnswer(frontend, trees, query.maxNodes, call);
}
