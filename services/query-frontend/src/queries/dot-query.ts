import { fromBinary } from "@bufbuild/protobuf";
import { ProfileSchema } from "@hearth/proto/google/v1";

import { profileToDot } from "../dot/dot-text.ts";
import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { fetchPprof, type PprofQuery } from "./pprof-query.ts";

/** Nodes of a graph that does not say how many. */
const DEFAULT_NODES = 100;

/** Functions that the profile keeps from which the graph is made; more than a graph shows, so that it can choose. */
const LEAST_SOURCE_NODES = 512;

/**
 * A graph of all that matches, in the language of Graphviz; empty without samples.
 *
 * @param query - `maxNodes` below 1 stands for {@link DEFAULT_NODES}.
 */
export async function fetchDot(
  frontend: QueryFrontend,
  query: Omit<PprofQuery, "goPgo">,
  call: QueryCall,
): Promise<string> {
  const maxNodes = query.maxNodes > 0 ? query.maxNodes : DEFAULT_NODES;
  const source = { ...query, goPgo: undefined, maxNodes: Math.max(LEAST_SOURCE_NODES, query.maxNodes) };
  const profile = fromBinary(ProfileSchema, await fetchPprof(frontend, source, "binary", call));
  return profileToDot(profile, maxNodes);
}
