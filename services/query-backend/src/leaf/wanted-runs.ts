import {
  type BlockMeta,
  type DatasetMeta,
  INDEXED_LABELS,
  type Section,
  type SectionKind,
} from "@hearth/block";
import type { Needs } from "./accumulators.ts";
import type { LeafRequest } from "./leaf-request.ts";
import { mayRollUp } from "./rolled-up.ts";
import { type Run, runsOf } from "./run-reader.ts";

export interface Question extends Pick<LeafRequest, "matchers" | "startMs" | "endMs"> {
  readonly needs: Needs;
}

/**
 * What will be read of a block, in all likelihood, as runs. Where it is not known whether series match, they come first, and
 * what is read of those that do comes then.
 *
 * @param isKnown - whether a section need not be read any more.
 */
export function wantedRuns(
  { datasets }: Pick<BlockMeta, "datasets">,
  question: Question,
  isKnown: (dataset: DatasetMeta, section: Section) => boolean,
): Run[] {
  const wanted = datasets.flatMap((dataset) => {
    const kinds = wantedKinds(dataset, question);
    return dataset.sections.filter((section) => kinds.has(section.kind) && !isKnown(dataset, section));
  });
  if (mustMatch(question)) return runsOf(wanted);
  const isSeries = ({ kind }: Section): boolean => kind === "series";
  return [...runsOf(wanted.filter(isSeries)), ...runsOf(wanted.filter((section) => !isSeries(section)))];
}

/** By these labels datasets were chosen. */
function mustMatch({ matchers }: Question): boolean {
  return matchers.every(({ name }) => INDEXED_LABELS.includes(name));
}

function wantedKinds(dataset: DatasetMeta, question: Question): ReadonlySet<SectionKind> {
  const { needs } = question;
  const kinds = new Set<SectionKind>(["series"]);
  if (!needs.rows) return kinds;
  const isRolledUp = needs.rollups === true && mustMatch(question) && mayRollUp(dataset, question);
  const readsStacks = needs.nodesIn !== undefined || needs.stacktracesIn !== undefined;
  kinds.add(isRolledUp ? "rollup" : "profiles");
  if (readsStacks) kinds.add("names");
  if (readsStacks && !isRolledUp) kinds.add("samples");
  if (needs.nodesIn || needs.tree) kinds.add("tree");
  if (needs.stacktracesIn) kinds.add("symbols");
  return kinds;
}
