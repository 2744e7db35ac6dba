import { fromBinary } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "@hearth/errors";
import { formatProfileType } from "@hearth/labels";
import { FlameGraphDiffSchema } from "@hearth/proto/querier/v1";

import { fetchTrees } from "../queries/tree-query.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { allowedMaxNodes } from "../request/max-nodes.ts";
import { profileSelectionOfQuery } from "../request/selectors.ts";
import { queriedRange, type RequestedTimes } from "../request/time-range.ts";
import { doubleFlamebearer, type Flamebearer } from "./flamebearer.ts";
import { requestedMaxNodes, timesOf } from "./render.ts";

/** `GET /pyroscope/render-diff`: two flame graphs over each other. */
export async function renderDiff(
  frontend: QueryFrontend,
  parameters: URLSearchParams,
  call: QueryCall,
): Promise<Flamebearer> {
  const nowMs = frontend.clock.nowMs();
  const left = profileSelectionOfQuery(parameters.get("leftQuery") ?? "");
  const right = profileSelectionOfQuery(parameters.get("rightQuery") ?? "");
  if (formatProfileType(left.profileType) !== formatProfileType(right.profileType)) {
    throw new InvalidArgumentError("profile types must match");
  }
  const limits = frontend.limitsFor(call.tenants);
  const maxNodes = allowedMaxNodes(requestedMaxNodes(parameters), limits);
  const fetchSide = async (matchers: typeof left.matchers, times: RequestedTimes): Promise<Uint8Array[]> => {
    const range = queriedRange(times, limits, nowMs);
    // Whole trees: a node that is small here may be large on the other side.
    return range ? fetchTrees(frontend, { range, matchers, selector: {}, maxNodes: 0 }, call) : [];
  };
  const [leftTrees, rightTrees] = await Promise.all([
    fetchSide(left.matchers, timesOf(parameters, { from: "leftFrom", until: "leftUntil" }, nowMs)),
    fetchSide(right.matchers, timesOf(parameters, { from: "rightFrom", until: "rightUntil" }, nowMs)),
  ]);
  const trees = { left: leftTrees, right: rightTrees };
  const drawn = await frontend.merger.diff(trees, { maxNodes, format: "binary" }, call.signal);
  return doubleFlamebearer(left.profileType, fromBinary(FlameGraphDiffSchema, drawn));
}
