import { DataLossError } from "@hearth/errors";
import type { ByteReader, ByteWriter } from "../bytes.ts";
import type { BlockNote } from "./block-notes.ts";
import type { Job } from "./job-table.ts";
import type { Tombstone } from "./tombstones.ts";

/** Jobs, notes and tombstones as bytes of a snapshot. Each reader takes what the writer beside it wrote, or throws {@link DataLossError}. */

/** `applying`: a compaction with what it must know of deletions on request; `summing`: and with the level of a tier. */
const JOB = { compaction: 1, deletion: 2, applying: 5, summing: 6 } as const;
/** Bits. */
const TOMBSTONE = { isTaken: 1, isOrphan: 2 } as const;
const NOTE = { solo: 1, quarantined: 2 } as const;

export function encodeJob(job: Job, out: ByteWriter): void {
  const type = typeOf(job);
  out.integer(type);
  out.integer(job.number);
  out.integer(job.token);
  out.string(job.worker);
  out.integer(job.leaseEndsMs);
  out.integer(job.failures);
  out.integer(job.blocks.length);
  for (const id of job.blocks) out.string(id);
  if (job.type === "deletion") return;
  out.string(job.tenant);
  out.integer(job.shard);
  out.integer(job.level);
  out.integer(job.sizeBytes);
  if (type === JOB.compaction) return;
  out.integer(job.isRewrite ? 1 : 0);
  out.integer(job.deletionsUpTo);
  if (type === JOB.summing) out.integer(job.outputLevel);
}

/** The least that says all. */
function typeOf(job: Job): number {
  if (job.type === "deletion") return JOB.deletion;
  if (job.outputLevel > 0) return JOB.summing;
  return job.isRewrite || job.deletionsUpTo > 0 ? JOB.applying : JOB.compaction;
}

export function decodeJob(bytes: ByteReader): Job {
  const type = bytes.integer();
  const assignment = {
    number: bytes.integer(),
    token: bytes.integer(),
    worker: bytes.string(),
    leaseEndsMs: bytes.integer(),
    failures: bytes.integer(),
  };
  const blocks: string[] = [];
  for (let left = bytes.integer(); left > 0; left--) blocks.push(bytes.string());
  if (type === JOB.deletion) return { type: "deletion", ...assignment, blocks };
  const isPlain = type === JOB.compaction;
  if (!isPlain && type !== JOB.applying && type !== JOB.summing)
    throw new DataLossError(`unknown job: type=${type}`);
  const tenant = bytes.string();
  const shard = bytes.integer();
  const level = bytes.integer();
  const sizeBytes = bytes.integer();
  const isRewrite = !isPlain && bytes.integer() === 1;
  const deletionsUpTo = isPlain ? 0 : bytes.integer();
  const outputLevel = type === JOB.summing ? bytes.integer() : 0;
  const job = { type: "compaction" as const, ...assignment, blocks, tenant, shard, level, sizeBytes };
  return { ...job, isRewrite, deletionsUpTo, outputLevel };
}

export function encodeNote([id, note]: readonly [string, BlockNote], out: ByteWriter): void {
  out.string(id);
  out.integer(NOTE[note.type]);
  if (note.type === "solo") return;
  out.string(note.reason);
  out.integer(note.sinceMs);
}

export function decodeNote(bytes: ByteReader): [id: string, note: BlockNote] {
  const id = bytes.string();
  const type = bytes.integer();
  if (type === NOTE.solo) return [id, { type: "solo" }];
  if (type !== NOTE.quarantined) throw new DataLossError(`unknown note: type=${type}`);
  return [id, { type: "quarantined", reason: bytes.string(), sinceMs: bytes.integer() }];
}

export function encodeTombstone(tombstone: Tombstone, out: ByteWriter): void {
  out.string(tombstone.id);
  out.string(tombstone.tenant);
  out.integer(tombstone.shard);
  out.integer(tombstone.level);
  out.integer(tombstone.sizeBytes);
  out.integer(tombstone.sinceMs);
  out.integer(tombstone.deletedMs === undefined ? 0 : tombstone.deletedMs + 1);
  const { isTaken, isOrphan } = tombstone;
  out.integer((isTaken ? TOMBSTONE.isTaken : 0) + (isOrphan ? TOMBSTONE.isOrphan : 0));
}

export function decodeTombstone(bytes: ByteReader): Tombstone {
  const id = bytes.string();
  const tenant = bytes.string();
  const shard = bytes.integer();
  const level = bytes.integer();
  const sizeBytes = bytes.integer();
  const sinceMs = bytes.integer();
  const deleted = bytes.integer();
  const flags = bytes.integer();
  const isTaken = (flags & TOMBSTONE.isTaken) !== 0;
  const isOrphan = (flags & TOMBSTONE.isOrphan) !== 0;
  const deletedMs = deleted === 0 ? undefined : deleted - 1;
  return { id, tenant, shard, level, sizeBytes, sinceMs, deletedMs, isTaken, isOrphan };
}
