import { encodeState, StateDecoder } from "../../services/metastore/src/index-state/snapshot-codec.ts";
import { MetastoreState } from "../../services/metastore/src/index-state/metastore-state.ts";
import { LeaderClock } from "../../services/metastore/src/leader-clock.ts";
import type { SkewedClock } from "./skewed-clock.ts";
import type { Machine } from "./steps.ts";

/** A snapshot is taken after so many entries. */
const SNAPSHOT_ENTRIES = 75;

interface Snapshot {
  readonly frames: readonly Uint8Array[];
  readonly applied: number;
}

/** A node of the metastore: the real state, on a machine whose clock is wrong. */
export class MetaNode {
  readonly machine: Machine;
  readonly clock: SkewedClock;
  state = new MetastoreState();
  /** How many entries of the log it applied. */
  applied = 0;
  isUp = true;
  leaderClock: LeaderClock;
  #snapshot: Snapshot | undefined;

  constructor(machine: Machine, clock: SkewedClock) {
    this.machine = machine;
    this.clock = clock;
    this.leaderClock = new LeaderClock(clock, () => {});
  }

  get name(): string {
    return this.machine.name;
  }

  get canLead(): boolean {
    return this.isUp && !this.machine.isFrozen;
  }

  /** An entry was applied. */
  advance(): void {
    this.applied++;
    if (this.applied % SNAPSHOT_ENTRIES === 0) {
      this.#snapshot = { frames: [...encodeState(this.state.capture())], applied: this.applied };
    }
  }

  crash(): void {
    this.isUp = false;
    this.machine.crash();
  }

  /** Comes back with what its last snapshot has. */
  start(): void {
    this.isUp = true;
    this.leaderClock = new LeaderClock(this.clock, () => {});
    this.applied = this.#snapshot?.applied ?? 0;
    if (!this.#snapshot) {
      this.state = new MetastoreState();
      return;
    }
    const decoder = new StateDecoder();
    for (const frame of this.#snapshot.frames) decoder.add(frame);
    this.state = decoder.finish();
  }
}
