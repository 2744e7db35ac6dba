import { ExactSums } from "@hearth/exact-integers";
import { labelValue, withLabels } from "@hearth/labels";
import type { ConvertedProfile } from "@hearth/otlp";
import type { SampleGroup } from "@hearth/profile";
import { groupByService } from "../prepare/split-samples.ts";
import { SAMPLED_LABEL, type SeriesJudge, type UsageVerdict } from "../usage/judge-series.ts";

/** What was decided on one service of one profile of an export. */
export interface JudgedProfile {
  /** Number of the profile in the export. */
  readonly index: number;
  /** The label `__name__`. */
  readonly profileName: string;
  readonly sampleCount: number;
  readonly verdict: UsageVerdict;
}

export interface JudgedExport {
  /** What is to be stored. */
  readonly profiles: readonly ConvertedProfile[];
  readonly judged: readonly JudgedProfile[];
}

/**
 * Judges each service of each profile by the labels of its first series: unlike those of a pushed pprof, they are
 * as the tenant's relabelling rules left them.
 */
export function judgeExport(profiles: readonly ConvertedProfile[], judge: SeriesJudge): JudgedExport {
  const judged: JudgedProfile[] = [];
  const kept = profiles.flatMap((profile) => {
    const groups: SampleGroup[] = [];
    for (const own of groupByService(profile.groups).values()) {
      const { labels } = own[0]!;
      const verdict = judge(labels);
      const sampleCount = own.reduce((sum, { count }) => sum + count, 0);
      judged.push({
        index: profile.index,
        profileName: labelValue(labels, "__name__"),
        sampleCount,
        verdict,
      });
      if (verdict.fate === "keep") groups.push(...own);
      else if (verdict.fate === "strip") groups.push(...own.map(strip));
    }
    return groups.length === 0 ? [] : [{ ...profile, groups }];
  });
  return { profiles: kept, judged };
}

/** The totals of a series, without stacks. */
function strip({ labels, count, values }: SampleGroup): SampleGroup {
  return {
    labels: withLabels(labels, SAMPLED_LABEL),
    count: 1,
    stacktrace: new Uint32Array(1),
    values: values.map((column) => {
      const sum = new ExactSums(1);
      for (let i = 0; i < count; i++) sum.add(0, column.low[i]!, column.high?.[i] ?? 0);
      return { low: sum.low, high: sum.high };
    }),
    spanId: undefined,
    traceId: undefined,
  };
}
