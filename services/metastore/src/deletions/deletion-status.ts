import type { MetastoreState } from "../index-state/metastore-state.ts";
import type { Deletion } from "./deletion.ts";

/**
 * `rewriting`: registered blocks hold rows; `removing`: their objects are still there, for queries that began before; `gone`: no
 * object holds any, and what comes late is deleted too; `ended`: not in force any more.
 */
export type DeletionStage = "rewriting" | "removing" | "gone" | "ended";

/** How far a deletion got. */
export interface DeletionStatus {
  readonly deletion: Deletion;
  readonly stage: DeletionStage;
  /** Registered blocks that hold rows, or may. */
  readonly touchedBlocks: number;
  /** Of these, such that are quarantined, and so are not written anew. */
  readonly quarantinedBlocks: number;
  /** Objects that held something of the tenant and are to be deleted. */
  readonly pendingObjects: number;
}

/** Deletions of a tenant, the newest first. */
export function deletionsOf(state: MetastoreState, tenant: string): DeletionStatus[] {
  const own = [...state.deletions.table.all()].filter((deletion) => deletion.tenant === tenant);
  return own.sort((a, b) => b.number - a.number).map((deletion) => statusOf(state, deletion));
}

export function statusOf({ compaction, deletions }: MetastoreState, deletion: Deletion): DeletionStatus {
  const { number, clearedMs, tenant } = deletion;
  const touchedBlocks = deletions.touched.countOf(number);
  const stage = stageOf(deletion, touchedBlocks);
  let quarantinedBlocks = 0;
  if (touchedBlocks > 0) {
    for (const [id] of compaction.notes.all()) {
      const isTouched = deletions.touched.get(id)?.deletions.includes(number) ?? false;
      if (isTouched && compaction.notes.isQuarantined(id)) quarantinedBlocks++;
    }
  }
  const isOver = stage === "gone" || stage === "ended";
  const pendingObjects = isOver ? 0 : compaction.tombstones.countPresentOf(tenant, clearedMs ?? Infinity);
  return { deletion, stage, touchedBlocks, quarantinedBlocks, pendingObjects };
}

function stageOf({ endedMs, goneMs }: Deletion, touchedBlocks: number): DeletionStage {
  if (endedMs !== undefined) return "ended";
  if (touchedBlocks > 0) return "rewriting";
  return goneMs === undefined ? "removing" : "gone";
}
