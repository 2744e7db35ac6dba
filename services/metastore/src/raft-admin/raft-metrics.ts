import { nameOf, type PeerStatus, type RaftStatus } from "@hearth/raft";
import { BoundedLabel, type MetricRegistry } from "@hearth/telemetry";

import type { MetastoreMetrics } from "../metrics.ts";
import type { StateVerdict } from "../raft-check/judge-states.ts";
import type { TransportObserver } from "../raft-transport/index.ts";

/** Names of peers with series of their own; more are counted together. */
const MAX_PEERS = 32;
/** A write of the log that takes longer is counted as late, whatever becomes of it. */
export const LATE_WRITE_MS = 10_000;

/** Counts what happens between the nodes of the group, and what of it does not go as it should. */
export class RaftMetrics {
  readonly #metrics: MetastoreMetrics;
  readonly #peers = new BoundedLabel(MAX_PEERS);
  /** Is told of every frame and every message that is lost; plain numbers, published at a scrape. */
  readonly transportObserver: TransportObserver;
  #leader: string | undefined;
  #role: RaftStatus["role"] = "follower";
  /** The write that is under way was counted as late already. */
  #isLateCounted = false;

  constructor(metrics: MetastoreMetrics, registry: MetricRegistry) {
    this.#metrics = metrics;
    const traffic = { sent: new Traffic(), received: new Traffic() };
    registry.onScrape(() => {
      for (const direction of ["sent", "received"] as const) {
        const { frameCount, sizeBytes } = traffic[direction].take();
        metrics.transportFrames.inc({ direction }, frameCount);
        metrics.transportBytes.inc({ direction }, sizeBytes);
      }
    });
    this.transportObserver = {
      onFrame({ direction, sizeBytes }) {
        traffic[direction].frameCount++;
        traffic[direction].sizeBytes += sizeBytes;
      },
      onDropped: ({ reason, messageCount }) => metrics.transportDropped.inc({ reason }, messageCount),
      onRefused: ({ reason }) => metrics.transportRefused.inc({ reason }),
    };
  }

  /** What the leader knows of the others; nothing on other nodes. Called at each scrape. */
  publishPeers(peers: readonly PeerStatus[]): void {
    const { peerMatchIndex, peerState, peerInFlight, peerRegressed } = this.#metrics;
    for (const gauge of [peerMatchIndex, peerState, peerInFlight, peerRegressed]) gauge.reset();
    for (const { node, state, matchIndex, inFlight, hasRegressed } of peers) {
      const peer = this.#peers.of(nameOf(node));
      peerMatchIndex.set({ peer }, matchIndex);
      peerState.set({ peer, state }, 1);
      peerInFlight.set({ peer }, inFlight);
      peerRegressed.set({ peer }, hasRegressed ? 1 : 0);
    }
  }

  /** The node takes no further part. */
  noteProblem(role: "corrupt" | "failed"): void {
    this.#metrics.alarms.inc({ kind: role });
  }

  /** Something of another node. */
  noteAlarm(kind: string): void {
    this.#metrics.alarms.inc({ kind });
  }

  /** The states of the nodes were compared. */
  noteVerdict(outcome: StateVerdict["type"]): void {
    this.#metrics.stateChecks.inc({ outcome });
    if (outcome === "diverged" || outcome === "undecided") this.noteAlarm(`state-${outcome}`);
  }

  /** Counts each leader that becomes known, and the elections that this node stands for. */
  noteStatus({ role, term, leader }: Pick<RaftStatus, "role" | "term" | "leader">): void {
    const known = leader === undefined ? undefined : `${term} ${leader}`;
    if (known !== undefined && known !== this.#leader) this.#metrics.leaderChanges.inc();
    this.#leader = known ?? this.#leader;
    const isAsked = role === "candidate" && this.#role === "follower";
    if (role === "candidate" && this.#role !== "candidate") {
      this.#metrics.elections.inc({ reason: isAsked ? "transfer" : "timeout" });
    }
    this.#role = role;
  }

  /** @param elapsedMs - for how long the oldest write has been under way; 0 when none is. Asked from time to time. */
  lookAtWrite(elapsedMs: number): void {
    if (elapsedMs < LATE_WRITE_MS) this.#isLateCounted = false;
    else if (!this.#isLateCounted) {
      this.#isLateCounted = true;
      this.#metrics.logStoreWriteTimeouts.inc();
    }
  }

  /** A write came back after so long. Each is counted once, here or while it was under way. */
  noteWritten(elapsedMs: number): void {
    this.lookAtWrite(elapsedMs);
    this.#isLateCounted = false;
  }
}

/** Since the last scrape: adding to a number costs less than a counter with labels. */
class Traffic {
  frameCount = 0;
  sizeBytes = 0;

  take(): { frameCount: number; sizeBytes: number } {
    const { frameCount, sizeBytes } = this;
    this.frameCount = 0;
    this.sizeBytes = 0;
    return { frameCount, sizeBytes };
  }
}
