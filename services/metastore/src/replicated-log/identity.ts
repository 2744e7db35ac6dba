import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { DataLossError } from "@hearth/errors";
import type { ByteReader, ByteWriter } from "../bytes.ts";
import { nameOf, type LogPosition, type Membership } from "@hearth/raft";

/** Whose files these are: written in each of them, so that files of different nodes or clusters are never mixed. */
export interface Identity {
  /** 16 bytes, in hex. */
  readonly clusterId: string;
  /** Rises when a cluster is recovered with the loss of data. */
  readonly recoveryEpoch: number;
  /** `name/incarnation`. */
  readonly nodeId: string;
}

const CLUSTER_ID_BYTES = 16;

/** The identity of a node that begins a cluster. The same name and peers make the same cluster. */
export function firstIdentity(cluster: {
  name: string;
  peers: readonly string[];
  nodeName: string;
}): Identity {
  const hash = createHash("sha256").update([cluster.name, ...cluster.peers.toSorted()].join("\n"));
  return {
    clusterId: hash.digest("hex").slice(0, 2 * CLUSTER_ID_BYTES),
    recoveryEpoch: 0,
    nodeId: `${cluster.nodeName}/0`,
  };
}

export function nodeName(identity: Identity): string {
  return nameOf(identity.nodeId);
}

export function isSameIdentity(a: Identity, b: Identity): boolean {
  return a.clusterId === b.clusterId && a.recoveryEpoch === b.recoveryEpoch && a.nodeId === b.nodeId;
}

/** Where every log of the cluster begins: an empty state, which needs no file. */
export function bootstrapPosition(identity: Identity): LogPosition {
  return { index: 1, term: 1, chain: crc32(identity.clusterId) };
}

/** Who votes at first: the same on every node, so that nobody need begin before the others. */
export function bootstrapMembership(peers: readonly string[]): Membership {
  return { voters: peers.map((name) => `${name}/0`).toSorted(), outgoing: [], learners: [] };
}

export function encodeIdentity(identity: Identity, out: ByteWriter): void {
  out.string(identity.clusterId);
  out.integer(identity.recoveryEpoch);
  out.string(identity.nodeId);
}

/** @throws {DataLossError} when the bytes are no identity. */
export function decodeIdentity(bytes: ByteReader): Identity {
  const clusterId = bytes.string();
  if (clusterId.length !== 2 * CLUSTER_ID_BYTES) throw new DataLossError("the cluster id is damaged");
  return { clusterId, recoveryEpoch: bytes.integer(), nodeId: bytes.string() };
}
