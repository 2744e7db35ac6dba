import type { WorkingProfile } from "./working-profile.ts";

/**
 * Mends stacks that the Go runtime cut: it keeps the frames nearest the leaf, 32 of them in memory profiles and 64 in
 * CPU profiles, so that the roots are missing. Where a stack's root-most part is found a few frames further from the
 * root in other stacks, those frames are what it lacks.
 *
 * Stacks are grouped by their root-most frames; the longest overlap wins; what a group lacks may be lacking itself, so
 * the chain of groups is followed to its end.
 */

const WINDOW = 16;
const MAX_SHIFT = 8;
const MIN_DEPTH = WINDOW + MAX_SHIFT;
const MAX_HOPS = 56;
/** A group of one stack proves nothing. */
const MIN_GROUP_SIZE = 2;

const HEAP_TYPES = new Set(["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"]);

/** Samples whose stacks end in the same frames. */
interface Group {
  readonly samples: number[];
  /** The `MIN_DEPTH` locations nearest the root, leaf-most first. */
  readonly suffix: readonly number[];
}

/** A group that has the looked-for frames `shift` frames away from its root. */
interface Source {
  readonly group: Group;
  readonly shift: number;
}

/**
 * Mends the stacks of a profile if its sample types and depths say that the runtime may have cut them.
 *
 * @returns how many were mended.
 */
export function repairGoStacks(profile: WorkingProfile): number {
  if (!mayBeCut(profile)) return 0;
  const groups = groupByRoot(profile);
  const sources = findSources(groups);
  const tails = new Map<number, readonly number[]>();
  for (const group of groups) {
    const tail = missingTail(group, sources);
    if (tail.length === 0) continue;
    for (const sample of group.samples) tails.set(sample, tail);
  }
  if (tails.size > 0) profile.lengthenStacks(tails);
  return tails.size;
}

function mayBeCut(profile: WorkingProfile): boolean {
  const { stackStart, stackEnd } = profile;
  const types = profile.pprof.sampleTypes.map(({ type }) => profile.text(type));
  let deepest = 0;
  for (let sample = 0; sample < stackEnd.length; sample++) {
    deepest = Math.max(deepest, stackEnd[sample]! - stackStart[sample]!);
  }
  const isHeap = types.some((type) => HEAP_TYPES.has(type));
  return (isHeap && deepest >= 28 && deepest <= 32) || (types.includes("cpu") && deepest >= 60);
}

function groupByRoot({ stackLocations, stackStart, stackEnd }: WorkingProfile): Group[] {
  const groups = new Map<string, Group>();
  for (let sample = 0; sample < stackEnd.length; sample++) {
    const end = stackEnd[sample]!;
    if (end - stackStart[sample]! < MIN_DEPTH) continue;
    const suffix = [...stackLocations.subarray(end - MIN_DEPTH, end)];
    const key = suffix.join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { samples: [sample], suffix });
    else group.samples.push(sample);
  }
  return [...groups.values()];
}

/** For each window of frames, the group that has it furthest from its root. */
function findSources(groups: readonly Group[]): Map<string, Source> {
  const sources = new Map<string, Source>();
  for (const group of groups) {
    if (group.samples.length < MIN_GROUP_SIZE) continue;
    for (let shift = 1; shift <= MAX_SHIFT; shift++) {
      const key = windowKey(group, shift);
      const known = sources.get(key);
      if (known === undefined || shift > known.shift) sources.set(key, { group, shift });
    }
  }
  return sources;
}

/**
 * The frames that the group lacks, from where it ends to the root. Groups that lack each other's frames are recursion,
 * of which nobody knows the depth.
 */
function missingTail(group: Group, sources: ReadonlyMap<string, Source>): readonly number[] {
  const tail: number[] = [];
  const seen = new Set([group]);
  for (let current = group; seen.size <= MAX_HOPS; seen.add(current)) {
    const source = sources.get(windowKey(current, 0));
    if (source === undefined || source.group === current) return tail;
    if (seen.has(source.group)) return [];
    tail.push(...source.group.suffix.slice(-source.shift));
    current = source.group;
  }
  return tail;
}

function windowKey({ suffix }: Group, shift: number): string {
  return suffix.slice(MAX_SHIFT - shift, MIN_DEPTH - shift).join();
}
