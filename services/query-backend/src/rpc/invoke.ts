import type { InvokeRequest, InvokeResponse } from "@hearth/proto/hearth/query/v1";
import type { QueryWorkers } from "../worker/query-workers.ts";

/** Executes one leaf in a worker thread; leaves of one shard go to the same thread. */
export async function invoke(
  request: InvokeRequest,
  workers: QueryWorkers,
  signal: AbortSignal,
): Promise<InvokeResponse> {
  return workers.invoke(request, request.blocks[0]?.shard ?? 0, signal);
}
