import { ulidTimeMs } from "@hearth/runtime";
import { placeOf, type BlockPlace } from "../index-state/block-place.ts";
import { DigestSum, ELEMENT, ElementHash } from "../index-state/state-digest.ts";
import type { OrphanNotes, OrphansNoted } from "./orphan-notes.ts";

/** An object that nothing knows. Times are those of the log, Unix milliseconds. */
export interface Candidate extends BlockPlace {
  /** When a sweep first found it. */
  readonly firstMs: number;
  /** When one found it last. */
  readonly lastMs: number;
}

/** What of the watch is kept in a snapshot. */
export interface WatchCapture {
  readonly sinceMs: number | undefined;
  /** In the order in which they were first noted. */
  readonly candidates: readonly Candidate[];
}

/** What the watch asks and tells of blocks. */
export interface WatchedIndex {
  /** Whether a block is registered, or was. */
  isKnown(id: string): boolean;
  /** Has an object deleted, for good: a block of that id is not registered any more. */
  remove(place: BlockPlace): void;
}

/** Candidates that are kept; of more, the next sweeps take care. */
export const MAX_CANDIDATES = 10_000;

/**
 * Workers poll, and the leader writes that down once a minute at least. When the time of the log takes a longer step, nobody knows what
 * happened meanwhile: the metastore was down, its files are a copy of some time ago, or the clock of the leader is another one.
 */
export const MAX_STEP_MS = 10 * 60_000;

/**
 * Objects of the bucket that neither the index nor a dead letter knows, from the first sweep that finds one until it is old
 * enough to go. Nobody registers a block so late any more: whoever pushed it was told long ago that it failed, or has gone.
 *
 * An index can vouch only for what happened since it is watched without a break: what it does not know of before may be what it
 * has lost. Such objects are left alone. Ids have the time of their writers, whose clocks may be ahead, so that one
 * period of grace after the beginning is left alone too.
 */
export class OrphanWatch {
  readonly #candidates = new Map<string, Candidate>();
  readonly #digest = new DigestSum();
  readonly #hash = new ElementHash();
  #sinceMs: number | undefined;

  /** Since when the index can vouch for what it knows, by the time of the log; undefined before the first sweep. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  get count(): number {
    return this.#candidates.size;
  }

  has(id: string): boolean {
    return this.#candidates.has(id);
  }

  /** In the order in which they were first noted. */
  all(): IterableIterator<Candidate> {
    return this.#candidates.values();
  }

  /** Takes in what a sweep found. */
  note(notes: OrphanNotes, index: WatchedIndex, nowMs: number): OrphansNoted {
    this.#sinceMs ??= nowMs;
    const vouchedMs = notes.includesOld ? 0 : this.#sinceMs + notes.graceMs;
    const counts = { noted: 0, removed: 0, old: 0 };
    for (const object of notes.objects) {
      if (index.isKnown(object.id)) continue;
      if (ulidTimeMs(object.id) < vouchedMs) {
        counts.old++;
        continue;
      }
      const found = this.#candidates.get(object.id);
      if (!found) counts.noted += this.#begin(object, nowMs);
      else if (this.#isRipe(found, object, notes)) {
        counts.removed++;
        this.forget(object.id);
        index.remove(placeOf(object));
      } else this.set({ ...found, lastMs: nowMs });
    }
    if (notes.isLast) this.#forgetUnnamed(notes.sweepBeganMs);
    return counts;
  }

  /** The time of the log goes on. After a step that is too long everything begins anew. */
  step(fromMs: number, toMs: number): void {
    if (this.#sinceMs === undefined || toMs - fromMs <= MAX_STEP_MS) return;
    this.end();
    this.#sinceMs = toMs;
  }

  /** It is not watched any more: the next sweep begins anew. */
  end(): void {
    this.#sinceMs = undefined;
    for (const id of this.#candidates.keys()) this.forget(id);
  }

  /** It is registered, or is none any more. */
  forget(id: string): void {
    const candidate = this.#candidates.get(id);
    if (!candidate) return;
    this.#candidates.delete(id);
    this.#digest.subtract(hashCandidate(this.#hash, candidate));
  }

  addToDigest(sum: DigestSum): void {
    if (this.#sinceMs === undefined) return;
    sum.add(this.#hash.begin(ELEMENT.orphanWatch).integer(this.#sinceMs).words(this.#digest).end());
  }

  capture(): WatchCapture {
    return { sinceMs: this.#sinceMs, candidates: [...this.#candidates.values()] };
  }

  restoreSince(sinceMs: number): void {
    this.#sinceMs = sinceMs;
  }

  /** Adds a candidate, or puts another state of it in its place. */
  set(candidate: Candidate): void {
    const before = this.#candidates.get(candidate.id);
    if (before) this.#digest.subtract(hashCandidate(this.#hash, before));
    this.#candidates.set(candidate.id, candidate);
    this.#digest.add(hashCandidate(this.#hash, candidate));
  }

  /** @returns how many there are more. */
  #begin(object: BlockPlace, nowMs: number): number {
    if (this.#candidates.size >= MAX_CANDIDATES) return 0;
    this.set({ ...placeOf(object), firstMs: nowMs, lastMs: nowMs });
    return 1;
  }

  /**
   * The sweep began when it had been known for long enough: a letter that was written in time was there when the sweep looked for
   * letters, however late its command comes. The same id elsewhere has its turn when this one has gone.
   */
  #isRipe(found: Candidate, object: BlockPlace, { graceMs, sweepBeganMs }: OrphanNotes): boolean {
    const isSame = found.shard === object.shard && found.tenant === object.tenant;
    return isSame && sweepBeganMs - found.firstMs >= graceMs;
  }

  #forgetUnnamed(sweepBeganMs: number): void {
    for (const { id, lastMs } of this.#candidates.values()) if (lastMs < sweepBeganMs) this.forget(id);
  }
}

/** The hash of a candidate as an element of the state. */
export function hashCandidate(hash: ElementHash, candidate: Candidate): ElementHash {
  const { id, tenant, shard, sizeBytes, firstMs, lastMs } = candidate;
  hash.begin(ELEMENT.orphanCandidate).text(id).text(tenant).integer(shard).integer(sizeBytes);
  return hash.integer(firstMs).integer(lastMs).end();
}
