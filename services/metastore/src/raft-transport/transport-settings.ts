/** Numbers of the transport. All are positive. */
export interface RaftTransportSettings {
  /** How long a frame, or a piece of a snapshot, may take until it is answered. */
  readonly transportTimeoutMs: {
    readonly control: number;
    readonly append: number;
    /** A piece of a snapshot. */
    readonly snapshot: number;
  };
  readonly connectTimeoutMs: number;
  /** What may wait for a peer. One message always may, however large it is. */
  readonly controlQueue: QueueLimits;
  readonly appendQueue: QueueLimits;
  /** After a failure: uniform in `[0, min(maxBackoffMs, minBackoffMs · 2^n))`. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Peers at once: more than any group has. */
  readonly maxPeers: number;
  /** Of all snapshots that are being sent, together. */
  readonly snapshotBytesPerSecond: number;
  /** Snapshots that are being sent at once. */
  readonly maxSnapshots: number;
  /** A snapshot that gets no further for so long is given up. */
  readonly snapshotStallMs: number;
  /** How long the receiver may check a snapshot. */
  readonly snapshotVerifyMs: number;
  /** How often to ask whether it has. */
  readonly snapshotPollMs: number;
}

export interface QueueLimits {
  readonly messageCount: number;
  readonly sizeBytes: number;
}

export const defaultRaftTransportSettings: RaftTransportSettings = {
  transportTimeoutMs: { control: 2_000, append: 10_000, snapshot: 30_000 },
  connectTimeoutMs: 1_000,
  controlQueue: { messageCount: 256, sizeBytes: 1024 * 1024 },
  appendQueue: { messageCount: 64, sizeBytes: 16 * 1024 * 1024 },
  minBackoffMs: 50,
  maxBackoffMs: 2_000,
  maxPeers: 64,
  snapshotBytesPerSecond: 15_000_000,
  maxSnapshots: 2,
  snapshotStallMs: 60_000,
  snapshotVerifyMs: 600_000,
  snapshotPollMs: 100,
};
