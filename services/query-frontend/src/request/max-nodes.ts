import { InvalidArgumentError } from "@hearth/errors";

import type { QueryLimits } from "./query-limits.ts";

/**
 * How many nodes the answer keeps, 0 for all.
 *
 * @param requested - undefined or 0 for the tenant's default; negative for all, where the tenant may have all.
 * @throws {InvalidArgumentError} if the tenant may not have as many.
 */
export function allowedMaxNodes(
  requested: bigint | undefined,
  limits: Pick<QueryLimits, "maxFlamegraphNodesDefault" | "maxFlamegraphNodesMax">,
): number {
  if (requested === undefined || requested === 0n) return limits.maxFlamegraphNodesDefault;
  const most = limits.maxFlamegraphNodesMax;
  if (most > 0 && requested > BigInt(most)) {
    throw new InvalidArgumentError(`max flamegraph nodes limit ${requested} is greater than allowed ${most}`);
  }
  if (most > 0 && requested < 0n) {
    throw new InvalidArgumentError(`max flamegraph nodes limit must be set (max allowed ${most})`);
  }
  return requested < 0n ? 0 : Number(requested);
}

/** As {@link allowedMaxNodes} for pprof answers, which by default are neither cut nor limited. */
export function allowedProfileMaxNodes(requested: bigint | undefined, limits: QueryLimits): number {
  if (limits.maxFlamegraphNodesOnSelectMergeProfile) return allowedMaxNodes(requested, limits);
  return requested === undefined || requested < 0n ? 0 : Number(requested);
}
