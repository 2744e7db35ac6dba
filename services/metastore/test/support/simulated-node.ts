import { FaultyKvDisk } from "@hearth/kv-store";
import type { Clock, Random } from "@hearth/runtime";
import { noNetwork, RaftReplicatedLog, type LogObserver } from "../../src/raft-node/raft-replicated-log.ts";
import { SnapshotStore } from "../../src/replicated-log/snapshot-store.ts";
import { FaultyDirectory } from "./faulty-directory.ts";
import { ListMachine } from "./list-machine.ts";

/** Time stands still; sleeping takes a turn. */
export const stillClock: Clock = {
  nowMs: () => 0,
  nowNanos: () => 0n,
  monotonicMs: () => 0,
  sleep: async () => {},
};

export const TRAILING_ENTRIES = 4;
export const CHECKPOINT_ENTRIES = 3;

/** A node on disks that can crash, tear, fail and rot. Its disks outlive it. */
export class SimulatedNode {
  readonly kv: FaultyKvDisk;
  readonly directory: FaultyDirectory;
  readonly snapshots: FaultyDirectory;
  machine = new ListMachine();
  log: RaftReplicatedLog<number>;
  problems: string[] = [];
  #nowMs = 0;

  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
    this.kv = new FaultyKvDisk(random);
    this.directory = new FaultyDirectory(random);
    this.snapshots = new FaultyDirectory(random);
    this.log = this.#newLog();
  }

  /** The power goes: whatever was under way never ends. */
  crash(): void {
    this.kv.crash();
    this.directory.crash();
    this.snapshots.crash();
  }

  /** A new process on the same disks; {@link log} is to be started. */
  boot(): void {
    this.machine = new ListMachine();
    this.problems = [];
    this.log = this.#newLog();
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  propose(command: string): Promise<number> {
    return this.log.propose(new TextEncoder().encode(command), new AbortController().signal);
  }

  readIndex(): Promise<number> {
    return this.log.readIndex(new AbortController().signal);
  }

  takeSnapshot(): Promise<void> {
    return this.log.takeSnapshot(new AbortController().signal);
  }

  #newLog(): RaftReplicatedLog<number> {
    const observer: LogObserver = {
      onProblem: (role, problem) => void this.problems.push(`${role}: ${problem}`),
      onWrite() {},
      onApply() {},
      onSnapshot() {},
    };
    return new RaftReplicatedLog(
      {
        openKv: async () => this.kv.open(),
        directory: this.directory.open(),
        snapshots: new SnapshotStore({ directory: this.snapshots.open(), clock: stillClock }),
        stateMachine: this.machine,
        random: this.#random,
        network: noNetwork,
        clock: { ...stillClock, monotonicMs: () => this.#nowMs },
        observer,
      },
      {
        clusterName: "test",
        nodeName: "node",
        initialPeers: ["node"],
        trailingEntries: TRAILING_ENTRIES,
        checkpointEntries: CHECKPOINT_ENTRIES,
        retainedSnapshots: 2,
        snapshotCompression: "none",
        snapshotBytesPerSecond: Infinity,
      },
    );
  }
}

/** Lets `count` turns of the microtask queue pass. */
export async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await Promise.resolve();
}
