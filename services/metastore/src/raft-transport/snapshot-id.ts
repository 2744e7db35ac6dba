import type { SnapshotId as WireSnapshotId, InstallSnapshotRequest } from "@hearth/proto/hearth/raft/v1";
import type { LogPosition, NodeId } from "@hearth/raft";
import { MAX_CHUNK_BYTES } from "./frame-limits.ts";
import { InvalidFrameError, required, safeInteger } from "./invalid-frame-error.ts";
import { decodePosition } from "./wire-bodies.ts";

/** Names the bytes of a snapshot file: those with the same id are the same. */
export interface SnapshotId {
  /** The state is that after this entry. */
  readonly position: LogPosition;
  /** Of the file, above 0. */
  readonly sizeBytes: number;
  /** The SHA-256 in its footer, 32 bytes. */
  readonly digest: Uint8Array;
}

/** A piece of a snapshot that arrived. */
export interface SnapshotChunk {
  readonly from: NodeId;
  /** Of the leader that sends. */
  readonly term: number;
  readonly id: SnapshotId;
  /** Where the bytes begin, from the beginning of the file. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export const DIGEST_BYTES = 32;

export function isSameSnapshot(a: SnapshotId, b: SnapshotId): boolean {
  return (
    a.position.index === b.position.index &&
    a.position.term === b.position.term &&
    a.position.chain === b.position.chain &&
    a.sizeBytes === b.sizeBytes &&
    a.digest.every((byte, at) => byte === b.digest[at])
  );
}

export function encodeSnapshotId({ position, sizeBytes, digest }: SnapshotId) {
  const { index, term, chain } = position;
  return {
    position: { index: BigInt(index), term: BigInt(term), chain },
    sizeBytes: BigInt(sizeBytes),
    digest,
  };
}

/** @throws {InvalidFrameError} naming the field that is not as it must be. */
export function decodeSnapshotChunk(from: NodeId, request: InstallSnapshotRequest): SnapshotChunk {
  const term = safeInteger("term", request.term);
  const id = decodeSnapshotId(required("snapshot", request.snapshot));
  const offset = safeInteger("offset", request.offset);
  const { chunk } = request;
  if (id.position.term > term)
    throw new InvalidFrameError("snapshot.position.term", "more than the sender's");
  if (chunk.length > MAX_CHUNK_BYTES) throw new InvalidFrameError("chunk", "too large");
  if (offset + chunk.length > id.sizeBytes)
    throw new InvalidFrameError("chunk", "beyond the end of the file");
  return { from, term, id, offset, bytes: chunk };
}

function decodeSnapshotId({ position, sizeBytes, digest }: WireSnapshotId): SnapshotId {
  const size = safeInteger("snapshot.sizeBytes", sizeBytes);
  if (size === 0) throw new InvalidFrameError("snapshot.sizeBytes", "none");
  if (digest.length !== DIGEST_BYTES) throw new InvalidFrameError("snapshot.digest", "not 32 bytes");
  return {
    position: decodePosition("snapshot.position", position),
    sizeBytes: size,
    digest: new Uint8Array(digest),
  };
}
