/**
 * What clients of the group did and saw, and whether one metastore that never fails could have answered so. The blocks of a
 * tenant are a set that only grows, which makes the question easy: reads are ordered by what they show, and everything
 * must agree with the order in real time. All times are of one clock, in milliseconds.
 */

export interface Registration {
  readonly block: string;
  readonly startMs: number;
  /** When it was acknowledged; undefined when it failed, so that it may take effect at any time, or never. */
  readonly endMs: number | undefined;
}

export interface Read {
  readonly startMs: number;
  readonly endMs: number;
  readonly blocks: readonly string[];
}

export interface History {
  readonly registrations: readonly Registration[];
  /** Those that were answered. */
  readonly reads: readonly Read[];
}

/** A sentence for each answer that one metastore could not have given. */
export function checkHistory({ registrations, reads }: History): string[] {
  const known = new Map(registrations.map((registration) => [registration.block, registration]));
  const offences = reads.flatMap((read) => [
    ...checkContent(read, known),
    ...checkPresence(read, registrations, known),
  ]);
  return [...offences, ...checkOrder(reads)];
}

/**
 * Once all faults are over and all clients have ended.
 *
 * @param seen - what each node shows by itself.
 */
export function checkFinalState(
  registrations: readonly Registration[],
  seen: ReadonlyMap<string, readonly string[]>,
): string[] {
  const known = new Map(registrations.map((registration) => [registration.block, registration]));
  const everywhere = [...seen];
  const offences = everywhere.flatMap(([node, blocks]) => {
    const read = { startMs: Infinity, endMs: Infinity, blocks };
    return [...checkContent(read, known), ...checkPresence(read, registrations, known)].map(
      (offence) => `node=${node}: ${offence}`,
    );
  });
  const [first, ...others] = everywhere.map(([, blocks]) => blocks.toSorted().join());
  const differ = others.some((blocks) => blocks !== first);
  return differ ? [...offences, "nodes differ in what is registered"] : offences;
}

/** Nothing twice, nothing that nobody registered, nothing from the future. */
function checkContent({ blocks, endMs }: Read, known: ReadonlyMap<string, Registration>): string[] {
  const seen = new Set<string>();
  const twice = blocks.filter((block) => seen.size === seen.add(block).size);
  const foreign = blocks.filter((block) => !known.has(block));
  const early = blocks.filter((block) => (known.get(block)?.startMs ?? 0) > endMs);
  return [
    ...twice.map((block) => `a read shows a block twice: block=${block}`),
    ...foreign.map((block) => `a read shows a block that nobody registered: block=${block}`),
    ...early.map((block) => `a read shows a block whose registration began after it ended: block=${block}`),
  ];
}

/**
 * All is there that was acknowledged before the read began, and all that was acknowledged before the registration of a
 * block began that is there.
 */
function checkPresence(
  { startMs, blocks }: Read,
  registrations: readonly Registration[],
  known: ReadonlyMap<string, Registration>,
): string[] {
  const present = new Set(blocks);
  const latestStartMs = blocks.reduce((latest, block) => {
    return Math.max(latest, known.get(block)?.startMs ?? 0);
  }, 0);
  return registrations.flatMap(({ block, endMs = Infinity }) => {
    if (present.has(block)) return [];
    if (endMs < startMs) return [`a read lacks a block that was acknowledged before it: block=${block}`];
    if (endMs < latestStartMs) return [`a read lacks a block and shows a later one: block=${block}`];
    return [];
  });
}

/** Reads show more and more: any two are comparable, and a later one includes an earlier one. */
function checkOrder(reads: readonly Read[]): string[] {
  const bySize = reads
    .map((read) => ({ ...read, set: new Set(read.blocks) }))
    .toSorted((a, b) => a.set.size - b.set.size || a.startMs - b.startMs);
  const offences: string[] = [];
  /** Of all reads that show less. */
  let latestStartMs = -Infinity;
  /** Of all reads so far that show as much as the last, or less. */
  let reachedMs = -Infinity;
  for (const [index, read] of bySize.entries()) {
    const before = bySize[index - 1];
    if (before && before.set.size < read.set.size) latestStartMs = reachedMs;
    reachedMs = Math.max(reachedMs, read.startMs);
    if (before && before.blocks.some((block) => !read.set.has(block))) {
      offences.push(`two reads cannot both be: at ${before.endMs} and ${read.endMs} ms`);
    }
    if (read.endMs < latestStartMs) {
      offences.push(
        `a read at ${read.endMs} ms shows more than a later one that began at ${latestStartMs} ms`,
      );
    }
  }
  return offences;
}
