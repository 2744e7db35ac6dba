import { ulidTimeMs } from "@hearth/runtime";
import { DigestSum, ELEMENT, ElementHash, type HashWords } from "../index-state/state-digest.ts";
import { placeOf, type BlockPlace } from "../index-state/block-place.ts";

/** A block that is not registered any more, and whose object goes or went. */
export interface Tombstone extends BlockPlace {
  /** When the object was reported to be deleted; undefined while it is there. By the time of the log, like {@link sinceMs}. */
  readonly deletedMs: number | undefined;
  /** When the block left the index. */
  readonly sinceMs: number;
  /** A job has it. */
  readonly isTaken: boolean;
  /** It was never registered: what it holds is nowhere else. */
  readonly isOrphan: boolean;
}

/**
 * Blocks that left the index. They are remembered beyond the deletion of their objects: whoever registers one of them late must
 * not bring it back.
 */
export class Tombstones {
  /** Whose objects are there, in the order in which they left the index. */
  readonly #present = new Map<string, Tombstone>();
  /** Whose objects are gone, in the order in which that was reported. */
  readonly #deleted = new Map<string, Tombstone>();
  readonly #digest = new DigestSum();
  readonly #hash = new ElementHash();

  get digest(): HashWords {
    return this.#digest;
  }

  get count(): number {
    return this.#present.size + this.#deleted.size;
  }

  get presentCount(): number {
    return this.#present.size;
  }

  has(id: string): boolean {
    return this.#present.has(id) || this.#deleted.has(id);
  }

  get(id: string): Tombstone | undefined {
    return this.#present.get(id) ?? this.#deleted.get(id);
  }

  /** First those whose objects are there; each group in its order. */
  *all(): Generator<Tombstone> {
    yield* this.#present.values();
    yield* this.#deleted.values();
  }

  add(block: BlockPlace, sinceMs: number, { isOrphan } = { isOrphan: false }): void {
    this.restore({ ...placeOf(block), sinceMs, deletedMs: undefined, isTaken: false, isOrphan });
  }

  /** Puts one back that {@link all} gave; to be done in that order. */
  restore(tombstone: Tombstone): void {
    const map = tombstone.deletedMs === undefined ? this.#present : this.#deleted;
    map.set(tombstone.id, tombstone);
    this.#digest.add(hashTombstone(this.#hash, tombstone));
  }

  /** Takes up to `count` that no job has and that left the index at `beforeMs` at the latest, the oldest first. */
  take(count: number, beforeMs: number): string[] {
    const ids: string[] = [];
    for (const { id, sinceMs, isTaken } of this.#present.values()) {
      if (sinceMs > beforeMs || ids.length >= count) break;
      if (!isTaken) ids.push(id);
    }
    for (const id of ids) this.#setTaken(id, true);
    return ids;
  }

  /** Whether there is one for {@link take}. */
  hasDue(beforeMs: number): boolean {
    for (const { sinceMs, isTaken } of this.#present.values()) {
      if (sinceMs > beforeMs) return false;
      if (!isTaken) return true;
    }
    return false;
  }

  /** Whether an object is there that held something of a tenant, and left the index at `untilMs` at the latest. */
  hasPresentOf(tenant: string, untilMs: number): boolean {
    return !this.#presentOf(tenant, untilMs).next().done;
  }

  /** How many such objects there are. */
  countPresentOf(tenant: string, untilMs: number): number {
    return [...this.#presentOf(tenant, untilMs)].length;
  }

  *#presentOf(tenant: string, untilMs: number): Generator<Tombstone> {
    for (const tombstone of this.#present.values()) {
      if (tombstone.sinceMs > untilMs) return;
      if (tombstone.tenant === tenant || tombstone.level === 0) yield tombstone;
    }
  }

  /** The job that took it is no more. */
  release(id: string): void {
    this.#setTaken(id, false);
  }

  noteDeleted(id: string, nowMs: number): void {
    const tombstone = this.#present.get(id);
    if (!tombstone) return;
    this.#digest.subtract(hashTombstone(this.#hash, tombstone));
    this.#present.delete(id);
    this.restore({ ...tombstone, deletedMs: nowMs, isTaken: false });
  }

  /**
   * Forgets those whose objects were gone at `beforeMs` or earlier, unless their ids are of later: such a block looks young when
   * that time comes, and whoever registers it then does not ask whether its object is there.
   */
  forgetDeleted(beforeMs: number): void {
    for (const tombstone of this.#deleted.values()) {
      if (tombstone.deletedMs! > beforeMs) break;
      if (ulidTimeMs(tombstone.id) > beforeMs) continue;
      this.#digest.subtract(hashTombstone(this.#hash, tombstone));
      this.#deleted.delete(tombstone.id);
    }
  }

  #setTaken(id: string, isTaken: boolean): void {
    const tombstone = this.#present.get(id);
    if (!tombstone) return;
    this.#digest.subtract(hashTombstone(this.#hash, tombstone));
    const changed = { ...tombstone, isTaken };
    this.#present.set(id, changed);
    this.#digest.add(hashTombstone(this.#hash, changed));
  }
}

/** The hash of a tombstone as an element of the state. */
export function hashTombstone(hash: ElementHash, tombstone: Tombstone): HashWords {
  const { id, tenant, shard, level, sizeBytes, sinceMs, deletedMs, isTaken, isOrphan } = tombstone;
  hash.begin(ELEMENT.tombstone).text(id).text(tenant).integer(shard).integer(level).integer(sizeBytes);
  return hash
    .integer(sinceMs)
    .integer(deletedMs === undefined ? 0 : deletedMs + 1)
    .word((isTaken ? 1 : 0) + (isOrphan ? 2 : 0))
    .end();
}
