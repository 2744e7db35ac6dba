import type { DomainError } from "@hearth/errors";
import type { NodeId } from "@hearth/raft";

/** What is told about the traffic between nodes: for metrics. Called from within the work, so it returns at once. */
export interface TransportObserver {
  /** A frame was handed over, by this node or to it. */
  onFrame(frame: FrameReport): void;
  /** Messages of this node will not arrive. */
  onDropped(drop: DropReport): void;
  /** A request of another node was not taken. */
  onRefused(refusal: RefusalReport): void;
}

export type LaneName = "control" | "append";

export interface FrameReport {
  readonly direction: "sent" | "received";
  /** The other node. */
  readonly node: NodeId;
  readonly messageCount: number;
  /** As encoded. */
  readonly sizeBytes: number;
}

export interface DropReport {
  /** Where they should have gone. */
  readonly node: NodeId;
  readonly reason: DropReason;
  readonly messageCount: number;
}

/**
 * - `queue-full`: the peer is slower than this node.
 * - `call-failed`: it was not reached, or not in time.
 * - `refused`: it said no; see the other node's {@link RefusalReport}.
 * - `no-address`: nothing is known of where it is.
 * - `too-many-peers`: there are too many connections.
 * - `not-sendable`: it is no message for a frame, or a number in it is out of range.
 * - `closed`: the peer left, or this node stops.
 */
export type DropReason =
  | "queue-full"
  | "call-failed"
  | "refused"
  | "no-address"
  | "too-many-peers"
  | "not-sendable"
  | "closed";

export interface RefusalReport {
  /** `foreign`: of another cluster, epoch or node. `invalid`: not as it must be. */
  readonly reason: "foreign" | "invalid";
  readonly error: DomainError;
}
