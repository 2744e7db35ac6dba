import { createHash } from "node:crypto";
import { seededRandom } from "@hearth/runtime";
import type { Directory } from "../../../src/disk/directory.ts";
import type { SnapshotHeader } from "../../../src/replicated-log/snapshot-file.ts";
import { SnapshotStore } from "../../../src/replicated-log/snapshot-store.ts";
import type { OutgoingSnapshot } from "../../../src/raft-transport/snapshot-sending.ts";
import { FaultyDirectory } from "../../support/faulty-directory.ts";
import { stillClock } from "../../support/simulated-node.ts";
import { MemoryDirectory } from "./memory-directory.ts";
import { identityOf } from "./samples.ts";

export function newDisk(seed = 1): FaultyDirectory {
  return new FaultyDirectory(seededRandom(seed));
}

export function storeOn(directory: Directory): SnapshotStore {
  return new SnapshotStore({ directory, clock: stillClock });
}

export function headerOf(index: number, chain = 77): SnapshotHeader {
  return {
    identity: identityOf("self:9099/0"),
    position: { index, term: 5, chain },
    membership: { voters: ["self:9099/0"], outgoing: [], learners: [] },
    compression: "none",
  };
}

/** A snapshot of `sizeBytes` of state in a store of its own, as it is sent. */
export async function snapshotOf(
  options: { index?: number; chain?: number; sizeBytes?: number; term?: number } = {},
): Promise<OutgoingSnapshot> {
  const { index = 40, chain = 77, sizeBytes = 2_500_000, term = 6 } = options;
  const store = storeOn(new MemoryDirectory());
  const header = headerOf(index, chain);
  const frames = [Buffer.alloc(sizeBytes, seededRandom(index).fill(new Uint8Array(9_999)))];
  await store.write(header, frames, Infinity, new AbortController().signal);
  const source = (await store.openForSending(index))!;
  return { term, position: header.position, ...source };
}

/** The file of a snapshot, by its hash. */
export async function hashOf(snapshot: Pick<OutgoingSnapshot, "readAt" | "sizeBytes">): Promise<string> {
  return hash(await snapshot.readAt(0, snapshot.sizeBytes));
}

export function hash(bytes: Uint8Array | undefined): string {
  return createHash("sha256")
    .update(bytes ?? "")
    .digest("hex");
}
