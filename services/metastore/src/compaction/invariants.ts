import type { BlockIndex } from "../index-state/block-index.ts";
import type { Compaction } from "./compaction.ts";
import { MAX_LEVEL } from "./compaction-settings.ts";

/**
 * What must hold of compaction between any two commands. @returns what does not, in words; nothing when all does. Looks at every
 * block: for tests, and for whoever doubts.
 */
export function checkCompaction(index: BlockIndex, compaction: Compaction): string[] {
  const problems: string[] = [];
  const places = new Map<string, string[]>();
  const note = (id: string, place: string): void => {
    places.set(id, [...(places.get(id) ?? []), place]);
  };
  for (const queue of compaction.waiting.queues()) {
    for (const [position, { id }] of queue.entries()) {
      note(id, "waits");
      if (position > 0 && queue[position - 1]!.id >= id) problems.push(`the queue of ${id} is out of order`);
    }
  }
  for (const job of compaction.jobs.all()) {
    if ((job.worker === "") !== (job.leaseEndsMs === 0)) problems.push(`job ${job.number} is half assigned`);
    for (const id of job.blocks) {
      if (job.type === "compaction") note(id, `job ${job.number}`);
      else if (compaction.tombstones.get(id)?.isTaken !== true)
        problems.push(`${id} is deleted without a tombstone`);
    }
  }
  for (const [id, { type }] of compaction.notes.all()) {
    if (type === "quarantined") note(id, type);
    if (!index.has(id)) problems.push(`there is a note on ${id}, which is not registered`);
  }
  for (const { id, level } of index.places()) {
    const found = places.get(id) ?? [];
    if (level >= MAX_LEVEL ? found.length > 0 : found.length !== 1)
      problems.push(`${id} of level ${level} is in ${found.length} places: ${found.join(", ")}`);
    if (compaction.tombstones.has(id)) problems.push(`${id} is registered and has a tombstone`);
    places.delete(id);
  }
  for (const { id } of compaction.orphans.all()) {
    if (index.has(id) || compaction.tombstones.has(id))
      problems.push(`${id} is known, and noted as an orphan`);
  }
  for (const [id, found] of places) problems.push(`${id} is not registered: ${found.join(", ")}`);
  return problems;
}
