import { MAX_LEVEL } from "../compaction/compaction-settings.ts";
import type { OutputGroup } from "./group-outputs.ts";

/** A group whose sources are all gone, and may have had one of several levels, or any other. */
export type UnsettledGroup = Omit<OutputGroup, "sourceLevel"> & {
  readonly sourceLevel: number | undefined;
};

/** Levels that the sources of a block may have, all of them the same one; ascending. */
export function sourceLevelsOf({
  level,
  rewrite,
}: Pick<OutputGroup, "level" | "rewrite">): readonly number[] {
  if (rewrite > 0) return [level];
  const lowest = Math.min(level - 1, MAX_LEVEL);
  return Array.from({ length: level - lowest }, (_, at) => lowest + at);
}

/**
 * Finds out of what level blocks were that are gone. A block of a tier does not say whether it was made of merged blocks, or of those of a
 * finer tier; but whoever else names one of the same sources may know. Groups with a common source have the same level then, which they
 * must, to be weighed against each other. Where nobody knows, it is the level below: more is doubtful then than need be.
 */
export function settleSourceLevels(groups: readonly UnsettledGroup[]): OutputGroup[] {
  const known = new Map<string, number>();
  const settled: OutputGroup[] = [];
  const settle = (group: UnsettledGroup, sourceLevel: number): void => {
    settled.push({ ...group, sourceLevel });
    for (const id of [...group.present, ...group.missing]) known.set(id, sourceLevel);
  };
  let open: UnsettledGroup[] = [];
  for (const group of groups) {
    if (group.sourceLevel === undefined) open.push(group);
    else settle(group, group.sourceLevel);
  }
  while (open.length > 0) {
    const left: UnsettledGroup[] = [];
    for (const group of open) {
      const sourceLevel = group.missing.map((id) => known.get(id)).find((level) => level !== undefined);
      if (sourceLevel !== undefined && sourceLevelsOf(group).includes(sourceLevel))
        settle(group, sourceLevel);
      else left.push(group);
    }
    if (left.length === open.length) {
      const group = left.shift()!;
      settle(group, group.level - 1);
    }
    open = left;
  }
  return settled;
}
