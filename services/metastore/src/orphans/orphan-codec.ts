import type { ByteReader, ByteWriter } from "../bytes.ts";
import type { Candidate } from "./orphan-watch.ts";

/** Candidates as bytes of a snapshot. The reader takes what the writer wrote, or throws `DataLossError`. */

export function encodeCandidate(candidate: Candidate, out: ByteWriter): void {
  out.string(candidate.id);
  out.string(candidate.tenant);
  out.integer(candidate.shard);
  out.integer(candidate.sizeBytes);
  out.integer(candidate.firstMs);
  out.integer(candidate.lastMs);
}

export function decodeCandidate(bytes: ByteReader): Candidate {
  const id = bytes.string();
  const tenant = bytes.string();
  const shard = bytes.integer();
  const sizeBytes = bytes.integer();
  const firstMs = bytes.integer();
  const lastMs = bytes.integer();
  return { id, tenant, shard, level: tenant === "" ? 0 : 1, sizeBytes, firstMs, lastMs };
}
