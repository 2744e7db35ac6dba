import type { Memory } from "@hearth/arena";
import { finish, mix, SlotTable } from "@hearth/symbols";
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

/** Samples whose stacks end in the same `MIN_DEPTH` frames. */
interface Group {
  readonly samples: number[];
  /** Where the stack of its first sample ends, at the root, in the profile's stack locations. */
  readonly end: number;
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
  const sources = findSources(groups, profile);
  const tails = new Map<number, readonly number[]>();
  for (const group of groups) {
    const tail = missingTail(group, sources, profile.stackLocations);
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

function groupByRoot({ stackLocations, stackStart, stackEnd, memory }: WorkingProfile): Group[] {
  const groups = new FrameTable<Group>(stackLocations, MIN_DEPTH, memory);
  for (let sample = 0; sample < stackEnd.length; sample++) {
    const end = stackEnd[sample]!;
    if (end - stackStart[sample]! < MIN_DEPTH) continue;
    const group = groups.get(end - MIN_DEPTH);
    if (group === undefined) groups.set(end - MIN_DEPTH, { samples: [sample], end });
    else group.samples.push(sample);
  }
  return groups.values;
}

/** For each window of frames, the group that has it furthest from its root. */
function findSources(
  groups: readonly Group[],
  { stackLocations, memory }: WorkingProfile,
): FrameTable<Source> {
  const sources = new FrameTable<Source>(stackLocations, WINDOW, memory);
  for (const group of groups) {
    if (group.samples.length < MIN_GROUP_SIZE) continue;
    for (let shift = 1; shift <= MAX_SHIFT; shift++) {
      const known = sources.get(windowStart(group, shift));
      if (known === undefined || shift > known.shift)
        sources.set(windowStart(group, shift), { group, shift });
    }
  }
  return sources;
}

/**
 * The frames that the group lacks, from where it ends to the root. Groups that lack each other's frames are recursion,
 * of which nobody knows the depth.
 */
function missingTail(group: Group, sources: FrameTable<Source>, locations: Uint32Array): readonly number[] {
  const tail: number[] = [];
  const seen = new Set([group]);
  for (let current = group; seen.size <= MAX_HOPS; seen.add(current)) {
    const source = sources.get(windowStart(current, 0));
    if (source === undefined || source.group === current) return tail;
    if (seen.has(source.group)) return [];
    tail.push(...locations.subarray(source.group.end - source.shift, source.group.end));
    current = source.group;
  }
  return tail;
}

/** Where the window of frames that ends `shift` frames away from the group's root begins. */
function windowStart({ end }: Group, shift: number): number {
  return end - WINDOW - shift;
}

/** Values by `length` locations in a row, which are named by where they begin. */
class FrameTable<T> {
  readonly values: T[] = [];
  readonly #locations: Uint32Array;
  readonly #length: number;
  readonly #slots: SlotTable;
  /** Where the frames of each value begin. */
  readonly #starts: number[] = [];

  constructor(locations: Uint32Array, length: number, memory: Memory) {
    this.#slots = new SlotTable(256, memory);
    this.#locations = locations;
    this.#length = length;
  }

  get(start: number): T | undefined {
    return this.values[this.#find(start, this.#hash(start))];
  }

  /** Sets the value of these frames, or replaces it. */
  set(start: number, value: T): void {
    const hash = this.#hash(start);
    const known = this.#find(start, hash);
    if (known >= 0) {
      this.values[known] = value;
      return;
    }
    this.#slots.add(hash);
    this.#starts.push(start);
    this.values.push(value);
  }

  #find(start: number, hash: number): number {
    let id = this.#slots.firstWith(hash);
    while (id >= 0 && !this.#equal(this.#starts[id]!, start)) id = this.#slots.nextWith(hash);
    return id;
  }

  #hash(start: number): number {
    let hash = 0;
    for (let i = start; i < start + this.#length; i++) hash = mix(hash, this.#locations[i]!);
    return finish(hash);
  }

  #equal(a: number, b: number): boolean {
    for (let i = 0; i < this.#length; i++)
      if (this.#locations[a + i] !== this.#locations[b + i]) return false;
    return true;
  }
}
