import type { NoteOrphansCommand } from "@hearth/proto/hearth/metastore/v1";
import { isUlid } from "@hearth/runtime";
import type { BlockPlace } from "../index-state/block-place.ts";
import { isTenant } from "../index-state/check-block.ts";

/** What a sweep of the bucket found, or a part of it. */
export interface OrphanNotes {
  /** By their keys: of a block above level 0, the level is told as 1, since its key does not say more. */
  readonly objects: readonly BlockPlace[];
  /** Time of the log when the sweep began. */
  readonly sweepBeganMs: number;
  /** Everything that the sweep found is named by now. */
  readonly isLast: boolean;
  /** An object goes when it was first noted so long before the sweep began, by the time of the log. */
  readonly graceMs: number;
  /** Whether objects count too that are older than what the index can vouch for. */
  readonly includesOld: boolean;
}

/** What came of notes. */
export interface OrphansNoted {
  /** Objects that were not noted before. */
  readonly noted: number;
  /** Objects that are to be deleted now. */
  readonly removed: number;
  /** Objects that are older than what the index can vouch for: they stay. */
  readonly old: number;
}

const MAX_SHARD = 0xffff_ffff;

/** The notes of a command, or why they are none. Total. */
export function orphanNotesFromWire(wire: NoteOrphansCommand): OrphanNotes | string {
  const objects: BlockPlace[] = [];
  for (const { block: id, tenant, shard, sizeBytes: bytes } of wire.objects) {
    const sizeBytes = Number(bytes);
    const isValid =
      isUlid(id) &&
      (tenant === "" || isTenant(tenant)) &&
      shard >= 1 &&
      shard <= MAX_SHARD &&
      Number.isSafeInteger(sizeBytes);
    if (!isValid) return "an orphan's place is invalid";
    objects.push({ id, tenant, shard, level: tenant === "" ? 0 : 1, sizeBytes });
  }
  const { isLast, includesOld } = wire;
  const sweepBeganMs = Number(wire.sweepBeganMs);
  const graceMs = Number(wire.graceMs);
  const areTimes = [sweepBeganMs, graceMs].every((ms) => Number.isSafeInteger(ms) && ms >= 0);
  return areTimes ? { objects, sweepBeganMs, isLast, graceMs, includesOld } : "a time of a sweep is invalid";
}
