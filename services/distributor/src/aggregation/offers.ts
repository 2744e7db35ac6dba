import { sortLabels, type Label } from "@hearth/labels";
import { readColumnsHead, seriesKey } from "@hearth/profile";
import type { TenantLimits } from "@hearth/tenant-limits";
import type { EncodedProfile } from "../worker/prepare-profiles.ts";
import type { Offer } from "./aggregator.ts";

/** Tells the instances of a service apart, which merging shall not. */
export const SESSION_LABEL = "__session_id__";

/** Whether profiles of the tenant are merged at all: it takes a window and a period. */
export function isAggregated({ aggregationWindowMs, aggregationPeriodMs }: TenantLimits): boolean {
  return aggregationWindowMs > 0 && aggregationPeriodMs > 0;
}

/**
 * The parcels of a profile. Those of one tenant, service, name and labels as sent (but for the session) may be merged
 * when their times are in one window.
 */
export function offersOf(
  tenant: string,
  { services, counts }: EncodedProfile,
  labels: readonly Label[],
  { aggregationWindowMs, aggregationPeriodMs }: TenantLimits,
): Offer[] {
  const windowMs = Math.max(aggregationWindowMs, aggregationPeriodMs);
  const sorted = sortLabels(labels.filter(({ name }) => name !== SESSION_LABEL));
  return services.map(({ serviceName, fingerprint, columns }) => {
    const { timeMs = 0, profileId } = readColumnsHead(columns);
    const window = Math.floor(timeMs / windowMs);
    return {
      serviceName,
      fingerprint,
      columns,
      key: JSON.stringify([tenant, serviceName, counts.profileName, window, seriesKey(sorted)]),
      id: `${Buffer.from(profileId).toString("hex")} ${serviceName}`,
    };
  });
}
