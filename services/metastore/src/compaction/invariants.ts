import { tierOfLevel } from "@hearth/block";
import type { BlockIndex } from "../index-state/block-index.ts";
import type { Deletions } from "../deletions/deletions.ts";
import type { Compaction } from "./compaction.ts";
import { MAX_LEVEL } from "./compaction-settings.ts";
import type { CompactionJob } from "./job-table.ts";

/**
 * What must hold of compaction between any two commands. @returns what does not, in words; nothing when all does. Looks at every
 * block: for tests, and for whoever doubts.
 */
export function checkCompaction(
  index: BlockIndex,
  { compaction, deletions }: { readonly compaction: Compaction; readonly deletions: Deletions },
): string[] {
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
    // From the highest level on only such are anywhere that are written anew, or summed, or could not be.
    if (level >= MAX_LEVEL ? found.length > 1 || found[0] === "waits" : found.length !== 1)
      problems.push(`${id} of level ${level} is in ${found.length} places: ${found.join(", ")}`);
    if (compaction.tombstones.has(id)) problems.push(`${id} is registered and has a tombstone`);
    places.delete(id);
  }
  for (const { id } of compaction.orphans.all()) {
    if (index.has(id) || compaction.tombstones.has(id))
      problems.push(`${id} is known, and noted as an orphan`);
  }
  for (const job of compaction.jobs.all())
    if (job.type === "compaction") problems.push(...jobProblems(job, index));
  problems.push(...touchedProblems(index, deletions));
  for (const [id, found] of places) problems.push(`${id} is not registered: ${found.join(", ")}`);
  return problems;
}

function jobProblems(job: CompactionJob, index: BlockIndex): string[] {
  const { number, tenant, shard, level, outputLevel, isRewrite, blocks } = job;
  const problems: string[] = [];
  if (isRewrite && (blocks.length !== 1 || level === 0))
    problems.push(`job ${number} writes ${blocks.length} blocks of level ${level} anew`);
  if (level >= MAX_LEVEL && !isRewrite && outputLevel === 0)
    problems.push(`job ${number} merges blocks of level ${level}`);
  const isTier = tierOfLevel(outputLevel) !== undefined && outputLevel > level && level >= MAX_LEVEL;
  if (outputLevel > 0 && (!isTier || isRewrite || tenant === ""))
    problems.push(`job ${number} sums blocks of level ${level} to level ${outputLevel}`);
  for (const id of blocks) {
    const found = index.locate(id);
    const place = found?.partition.place(found.row);
    if (place && (place.tenant !== tenant || place.shard !== shard || place.level !== level))
      problems.push(`job ${number} has a block of another tenant, shard or level: ${id}`);
  }
  return problems;
}

/** What is known of blocks with deleted rows must be what follows from blocks and deletions. */
function touchedProblems(index: BlockIndex, { scopes, touched }: Deletions): string[] {
  const problems: string[] = [];
  let count = 0;
  for (const [, partition] of index.partitions()) {
    for (const row of partition.rows()) {
      const scope = scopes.ofRow(partition, row);
      if (scope) count++;
      const id = partition.idOf(row);
      const known = touched.get(id);
      const numbers = scope?.deletions.map(({ number }) => number) ?? [];
      if (numbers.join() !== (known?.deletions ?? []).join())
        problems.push(`${id} is touched by other deletions than is known: ${numbers.join()}`);
      if ((scope?.isCovered ?? false) !== (known?.isCovered ?? false)) problems.push(`${id} is half covered`);
    }
  }
  if (touched.count !== count) problems.push("deletions touch blocks that are not registered");
  return problems;
}
