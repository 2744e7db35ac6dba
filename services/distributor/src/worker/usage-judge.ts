import { seededRandom } from "@hearth/runtime";
import { UsageJudge, type SeriesJudge, type UsageRules } from "../usage/judge-series.ts";

/** The tenant's rules about usage groups, as plain data for worker threads. */
export interface UsageTask {
  readonly rules: UsageRules;
  /** Of the draws that sampling needs, one for each profile. */
  readonly seed: number;
}

/** Compiled rules by their text, as those of relabelling. */
const compiled = new Map<string, UsageJudge>();
const MAX_COMPILED = 1000;

/** The judge of one task; its rules are compiled, or were before. It draws each time it is asked. */
export function judgeOf({ rules, seed }: UsageTask): SeriesJudge {
  const random = seededRandom(seed);
  const judge = judgeOfRules(rules);
  return (labels) => judge.judge(labels, random.next());
}

function judgeOfRules(rules: UsageRules): UsageJudge {
  const key = JSON.stringify(rules);
  let judge = compiled.get(key);
  if (!judge) {
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    compiled.set(key, (judge = new UsageJudge(rules)));
  }
  return judge;
}
