import type { ResourceExhaustedError } from "@hearth/errors";
import type { Random } from "@hearth/runtime";
import type { IngestionQuota } from "../limits/ingestion-quota.ts";
import type { UsageVerdict } from "../usage/judge-series.ts";
import type { JudgedProfile } from "../worker/judge-export.ts";
import type { UsageTask } from "../worker/usage-judge.ts";
import type { Arrival } from "./admission.ts";

/** Prepares what threads need to judge profiles by their usage groups, and holds groups to their quotas. */
export class UsageGate {
  readonly #quota: IngestionQuota;
  readonly #random: Random;

  constructor(deps: { quota: IngestionQuota; random: Random }) {
    this.#quota = deps.quota;
    this.#random = deps.random;
  }

  /** @returns nothing for a tenant without usage groups. */
  taskOf({ tenant, limits }: Arrival): UsageTask | undefined {
    const { usageGroups, samplingRules, ingestionLimit, keepStrippedProfiles } = limits;
    if (usageGroups === null) return undefined;
    const sampled = Object.entries(samplingRules?.usage_groups ?? {});
    return {
      rules: {
        groups: usageGroups,
        probabilities: Object.fromEntries(sampled.map(([name, { probability }]) => [name, probability])),
        ...this.#quota.throttledGroups(tenant, ingestionLimit),
        keepStripped: keepStrippedProfiles,
      },
      seed: Math.floor(this.#random.next() * 2 ** 32),
    };
  }

  /** The passes of one request, which counts once for each group, however many of its profiles are of it. */
  passesOf({ tenant, limits }: Arrival): (verdict: UsageVerdict | undefined) => Error | undefined {
    const { ingestionLimit } = limits;
    const decided = new Map<string, ResourceExhaustedError | undefined>();
    const refusalOf = (group: string): ResourceExhaustedError | undefined => {
      if (ingestionLimit && !decided.has(group))
        decided.set(group, this.#quota.passGroup(tenant, ingestionLimit, group));
      return decided.get(group);
    };
    return (verdict) => verdict?.throttledBy.map(refusalOf).find((refusal) => refusal !== undefined);
  }

  /**
   * Charges an export's groups that are over their quota and passed.
   *
   * @returns the profiles of which nothing may be stored, by their number in the export.
   */
  settleExport(arrival: Arrival, judged: readonly JudgedProfile[]): Map<number, ResourceExhaustedError> {
    const passed = this.passesOf(arrival);
    const refused = new Map<number, ResourceExhaustedError>();
    for (const { index, verdict } of judged) {
      if (verdict.fate !== "refuse") {
        // Rows of an export cannot be taken out again: what came while the last pass was given away is let in.
        passed(verdict);
        continue;
      }
      const { ingestionLimit } = arrival.limits;
      const [group] = verdict.throttledBy;
      if (ingestionLimit && group !== undefined)
        refused.set(index, this.#quota.groupReached(ingestionLimit, group));
    }
    for (const { index, verdict } of judged) if (verdict.fate !== "refuse") refused.delete(index);
    return refused;
  }
}
