import type { Directory } from "../../src/disk/directory.ts";
import { bootstrapMembership, firstIdentity } from "../../src/replicated-log/identity.ts";
import type { SnapshotHeader } from "../../src/replicated-log/snapshot-file.ts";
import { SnapshotStore } from "../../src/replicated-log/snapshot-store.ts";
import { stillClock } from "./simulated-node.ts";

const { signal } = new AbortController();

export function storeIn(directory: Directory): SnapshotStore {
  return new SnapshotStore({ directory, clock: stillClock });
}

/** Of a cluster of three. Without compression nothing happens outside of promises. */
export function snapshotHeader(fields: {
  index: number;
  term?: number;
  compression?: SnapshotHeader["compression"];
}): SnapshotHeader {
  const { index, term = 3, compression = "zstd" } = fields;
  const peers = ["a", "b", "c"];
  return {
    identity: firstIdentity({ name: "original", peers, nodeName: "a" }),
    position: { index, term, chain: 77 },
    membership: bootstrapMembership(peers),
    compression,
  };
}

export async function writeSnapshotTo(
  store: SnapshotStore,
  header: SnapshotHeader,
  frames: Iterable<Uint8Array>,
): Promise<void> {
  await store.write(header, frames, Infinity, signal);
}
