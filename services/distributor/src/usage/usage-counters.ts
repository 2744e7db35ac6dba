import { BoundedLabel } from "@hearth/telemetry";
import type { DistributorMetrics } from "../metrics.ts";

/** Distinct groups of a tenant: it may configure 50, but labels in their names make more. */
const MAX_GROUPS = 100;
/** Tenants whose names of groups are remembered. */
const MAX_TENANTS = 10_000;
/** What no group matches is counted here; tenants cannot call a group so. */
const NO_GROUP = "other";

/** Counts bytes by usage group. */
export class UsageCounters {
  readonly #metrics: DistributorMetrics;
  readonly #names = new Map<string, BoundedLabel>();

  constructor(metrics: DistributorMetrics) {
    this.#metrics = metrics;
  }

  /** @param type - the name of the profile, bounded by the caller. */
  received(groups: readonly string[], labels: { type: string; tenant: string }, bytes: number): void {
    for (const usage_group of this.#labelsOf(labels.tenant, groups))
      this.#metrics.usageGroupReceivedBytes.inc({ ...labels, usage_group }, bytes);
  }

  discarded(groups: readonly string[], labels: { reason: string; tenant: string }, bytes: number): void {
    for (const usage_group of this.#labelsOf(labels.tenant, groups))
      this.#metrics.usageGroupDiscardedBytes.inc({ ...labels, usage_group }, bytes);
  }

  #labelsOf(tenant: string, groups: readonly string[]): Iterable<string> {
    if (groups.length === 0) return [NO_GROUP];
    let names = this.#names.get(tenant);
    if (!names) {
      if (this.#names.size >= MAX_TENANTS) this.#names.clear();
      this.#names.set(tenant, (names = new BoundedLabel(MAX_GROUPS, NO_GROUP)));
    }
    // Two groups without a label of their own share one, and count once.
    return new Set(groups.map((group) => names.of(group)));
  }
}
