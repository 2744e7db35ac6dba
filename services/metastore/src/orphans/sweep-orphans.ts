import { invariant } from "@hearth/errors";
import {
  DEAD_LETTERS_PREFIX,
  parseObjectKey,
  REFUSED_LETTERS_PREFIX,
  type ObjectStore,
} from "@hearth/object-store";
import type { Clock, Random } from "@hearth/runtime";
import type { CommandProposer } from "../command-proposer.ts";
import type { BlockPlace } from "../index-state/block-place.ts";
import { encodeNoteOrphans, ORPHANS_VERSION } from "../index-state/command-codec.ts";
import type { MetastoreState } from "../index-state/metastore-state.ts";
import { mapAhead } from "../rebuild/ahead.ts";
import { blockPlaceOf } from "../rebuild/judge-object.ts";
import { listBlockObjects } from "../rebuild/list-blocks.ts";
import { readBlock } from "../rebuild/read-block.ts";
import type { StateReader } from "../rpc/state-reader.ts";
import { isUnbelievable, judgeOutput } from "./judge-sweep.ts";
import type { OrphansNoted } from "./orphan-notes.ts";
import { MAX_CANDIDATES } from "./orphan-watch.ts";

export interface SweepDeps {
  readonly objectStore: Pick<ObjectStore, "list" | "getRange">;
  readonly proposer: Pick<CommandProposer, "commandVersion" | "propose">;
  readonly reader: Pick<StateReader, "read">;
  /** As far as it is applied here. */
  readonly state: () => MetastoreState;
  readonly clock: Clock;
  readonly random: Random;
}

export interface SweepSettings {
  readonly orphanGraceMs: number;
  readonly orphanMaxShare: number;
  readonly orphanIncludesOld: boolean;
}

/** What a sweep found. */
export type SweepOutcome =
  | ({
      readonly type: "complete";
      /** All objects of blocks. */
      readonly objectCount: number;
      readonly unfinished: number;
      readonly unreadable: number;
    } & OrphansNoted)
  /** Too much is unknown: nothing was noted. */
  | { readonly type: "refused"; readonly objectCount: number; readonly unknownCount: number }
  /** A node of an older version could not apply the command. */
  | { readonly type: "too-early" };

/** An unknown object: where it lies, and what its key says. */
interface Unknown extends BlockPlace {
  readonly key: string;
}

/** Objects of one command: more would keep the state busy for too long. */
const BATCH = 500;
const CONCURRENT_READS = 8;

/**
 * Compares the bucket with the index, and has noted what nothing knows. To be called at the leader.
 *
 * The bucket is listed first, then the dead letters, and then the state is looked at: an object whose letter has gone since is
 * registered by then, and so are the sources of every output that was listed. What is registered later, the command sees.
 *
 * @throws {UnavailableError} when the bucket or the log does not answer: what was noted until then is noted.
 */
export async function sweepOrphans(
  deps: SweepDeps,
  settings: SweepSettings,
  signal: AbortSignal,
): Promise<SweepOutcome> {
  if (deps.proposer.commandVersion < ORPHANS_VERSION) return { type: "too-early" };
  const sweepBeganMs = await deps.reader.read(signal, (state) => state.lastStampMs);
  const { found, objectCount, beyond } = await listUnknown(deps, signal);
  await dropLetters(deps, found, signal);
  await deps.reader.read(signal, (state) => {
    for (const id of found.keys()) if (isKnown(state, id)) found.delete(id);
  });
  const unknownCount = found.size + beyond;
  if (isUnbelievable({ objectCount, unknownCount }, settings.orphanMaxShare)) {
    return { type: "refused", objectCount, unknownCount };
  }
  const { orphans, unfinished, unreadable } = await judge(deps, [...found.values()], signal);
  const noted = await note(deps, { objects: orphans, sweepBeganMs }, settings, signal);
  return { type: "complete", objectCount, unfinished, unreadable, ...noted };
}

/** @returns unknown objects by their ids, at most {@link MAX_CANDIDATES}, and how many there are beyond. */
async function listUnknown(
  deps: SweepDeps,
  signal: AbortSignal,
): Promise<{ found: Map<string, Unknown>; objectCount: number; beyond: number }> {
  const found = new Map<string, Unknown>();
  let objectCount = 0;
  let beyond = 0;
  for await (const { key, sizeBytes } of listBlockObjects(deps, signal)) {
    const place = blockPlaceOf(key);
    if (!place) continue;
    objectCount++;
    const { id, shard, tenant = "" } = place;
    if (isKnown(deps.state(), id)) continue;
    if (found.size < MAX_CANDIDATES)
      found.set(id, { key, id, shard, tenant, level: tenant === "" ? 0 : 1, sizeBytes });
    else beyond++;
  }
  return { found, objectCount, beyond };
}

/** What a dead letter names is about to be registered, or will be looked at by somebody: nothing else knows of it. */
async function dropLetters(
  { objectStore }: SweepDeps,
  found: Map<string, Unknown>,
  signal: AbortSignal,
): Promise<void> {
  // In this order: a letter that is put aside meanwhile is in one of the two, or in both.
  for (const prefix of [DEAD_LETTERS_PREFIX, REFUSED_LETTERS_PREFIX]) {
    for await (const entry of objectStore.list(prefix, {}, signal)) {
      const parsed = entry.type === "object" ? parseObjectKey(entry.key) : undefined;
      if (parsed?.type === "deadLetter" || parsed?.type === "refusedLetter") found.delete(parsed.id);
    }
  }
}

/** Leaves out what a job may still register. What was noted before is not read again: it cannot become that. */
async function judge(
  deps: SweepDeps,
  unknown: readonly Unknown[],
  signal: AbortSignal,
): Promise<{ orphans: BlockPlace[]; unfinished: number; unreadable: number }> {
  const { orphans: watch } = deps.state().compaction;
  const isSure = ({ id, level }: Unknown): boolean => level === 0 || watch.has(id);
  const orphans: BlockPlace[] = unknown.filter(isSure);
  const counts = { unfinished: 0, unreadable: 0 };
  const doubtful = unknown.filter((object) => !isSure(object));
  const read = async (object: Unknown) => ({ object, outcome: await readBlock(deps, object, signal) });
  for await (const { object, outcome } of mapAhead(doubtful, CONCURRENT_READS, read)) {
    if (outcome.type === "gone") continue;
    const origin = outcome.type === "read" ? outcome.meta.origin : undefined;
    const { index } = deps.state();
    const verdict = judgeOutput(origin, (id) => index.has(id));
    if (verdict === "orphan") orphans.push(object);
    else counts[verdict]++;
  }
  return { orphans, ...counts };
}

/** Has the log note them; the last command says that it is the last, and there is always one. */
async function note(
  { proposer }: SweepDeps,
  { objects, sweepBeganMs }: { objects: readonly BlockPlace[]; sweepBeganMs: number },
  { orphanGraceMs: graceMs, orphanIncludesOld: includesOld }: SweepSettings,
  signal: AbortSignal,
): Promise<OrphansNoted> {
  const sum = { noted: 0, removed: 0, old: 0 };
  for (let start = 0; start === 0 || start < objects.length; start += BATCH) {
    const batch = objects.slice(start, start + BATCH);
    const isLast = start + BATCH >= objects.length;
    const notes = { objects: batch, sweepBeganMs, isLast, graceMs, includesOld };
    const result = await proposer.propose(
      (envelope) => encodeNoteOrphans(notes, { ...envelope, requestId: new Uint8Array() }),
      signal,
    );
    invariant(result.type === "orphans-noted", `noting orphans came to ${result.type}`);
    sum.noted += result.noted;
    sum.removed += result.removed;
    sum.old += result.old;
  }
  return sum;
}

function isKnown({ index, compaction }: MetastoreState, id: string): boolean {
  return index.has(id) || compaction.tombstones.has(id);
}
