import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SampleSelectorSchema } from "@hearth/proto/hearth/query/v1";

import { TREE_SECTIONS } from "../execute/planned-blocks.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { type Matcher, NOT_STRIPPED } from "../request/selectors.ts";
import type { TimeRange } from "../request/time-range.ts";

export interface TreeQuery {
  readonly range: TimeRange;
  readonly matchers: readonly Matcher[];
  readonly selector: MessageInitShape<typeof SampleSelectorSchema>;
  /** Nodes that the answer will keep, 0 for all. */
  readonly maxNodes: number;
}

/** The call trees of all backends, to be added up. Profiles whose stacks were stripped are left out. */
export async function fetchTrees(
  frontend: QueryFrontend,
  query: TreeQuery,
  call: QueryCall,
): Promise<Uint8Array[]> {
  const { range, matchers, selector, maxNodes } = query;
  const reports = await frontend.executor.run(
    { tenants: call.tenants, range, matchers: [...matchers, NOT_STRIPPED], sections: TREE_SECTIONS },
    { case: "tree", value: { maxNodes: BigInt(maxNodes), selector } },
    call.signal,
  );
  return reports.flatMap(({ report }) => (report.case === "tree" ? [report.value.tree] : []));
}
