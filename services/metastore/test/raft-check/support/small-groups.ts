import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";

import { openLevelStore } from "@hearth/kv-store";
import { requestMetrics } from "@hearth/rpc";
import { systemClock, systemRandom } from "@hearth/runtime";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";

import { openDirectory } from "../../../src/disk/directory.ts";
import type { VerdictReport } from "../../../src/raft-check/member-check.ts";
import { RaftGroup } from "../../../src/raft-group/raft-group.ts";
import { SnapshotStore } from "../../../src/replicated-log/snapshot-store.ts";
import type { Outcome, StateMachine, StateRestore } from "../../../src/replicated-log/replicated-log.ts";
import { freePorts } from "../../support/metastore-group.ts";

const LOOK_MS = 10;
const CHECK_MS = 20;
export const CHECKPOINT_ENTRIES = 10;

/** Adds numbers. A command is a version and a number, one byte each; the result is the version. */
export class AddingMachine implements StateMachine<number> {
  sum = 0;
  /** It adds one too much, from now on or until it is told otherwise. */
  isWrong = false;
  readonly #version: number;

  /** @param version - the newest one of commands that it can apply. */
  constructor(version = 1) {
    this.#version = version;
  }

  apply([version = 0, value = 0]: Uint8Array): Outcome<number> {
    if (version > this.#version) return { type: "unsupported", reason: "a newer version is needed" };
    this.sum += this.isWrong ? value + 1 : value;
    return { type: "applied", result: version };
  }

  digest(): string {
    return crc32(String(this.sum)).toString(16);
  }

  capture(): Iterable<Uint8Array> {
    return [new TextEncoder().encode(String(this.sum))];
  }

  restore(): StateRestore {
    let sum = 0;
    return {
      add: (frame) => void (sum = Number(new TextDecoder().decode(frame))),
      finish: () => void (this.sum = sum),
    };
  }
}

export interface SmallNode {
  readonly name: string;
  readonly machine: AddingMachine;
  readonly group: RaftGroup<number>;
  /** What it found when it led. */
  readonly reports: VerdictReport[];
}

/** Groups of a small state machine on real disks and sockets, which compare their states many times a second. */
export class SmallGroups implements AsyncDisposable {
  readonly #folder: string;
  readonly names: readonly string[];
  readonly #nodes = new Map<string, SmallNode>();

  static async create(): Promise<SmallGroups> {
    const folder = await mkdtemp(join(tmpdir(), "small-groups-"));
    return new SmallGroups(
      folder,
      (await freePorts(3)).map((port) => `127.0.0.1:${port}`),
    );
  }

  private constructor(folder: string, names: readonly string[]) {
    this.#folder = folder;
    this.names = names;
  }

  get nodes(): readonly SmallNode[] {
    return [...this.#nodes.values()];
  }

  /** Starts a node on the files that it has. @param version - of its program. */
  async start(name: string, version = 1): Promise<SmallNode> {
    const folder = join(this.#folder, name.replace(":", "-"));
    await mkdir(folder, { recursive: true });
    const directory = await openDirectory(folder);
    const snapshotsDirectory = await openDirectory(join(folder, "snapshots"));
    const machine = new AddingMachine(version);
    const reports: VerdictReport[] = [];
    const group = new RaftGroup<number>(
      {
        directory,
        snapshotsDirectory,
        openKv: () => openLevelStore(join(folder, "log")),
        snapshots: new SnapshotStore({ directory: snapshotsDirectory, clock: systemClock }),
        stateMachine: machine,
        versions: { oldest: 1, newest: version },
        clock: systemClock,
        random: systemRandom,
        logger: noopLogger,
        requestMetrics: requestMetrics(new MetricRegistry()),
        observer: { onProblem() {}, onWrite() {}, onApply() {}, onSnapshot() {} },
        transportObserver: { onFrame() {}, onDropped() {}, onRefused() {} },
        onVerdict: (report) => void reports.push(report),
        onFailure: (task, error) => {
          throw new Error(`task ${task} failed`, { cause: error });
        },
      },
      {
        clusterName: "test",
        nodeName: name,
        initialPeers: this.names,
        listen: { host: "127.0.0.1", port: Number(name.split(":")[1]) },
        tls: undefined,
        trailingEntries: 5,
        checkpointEntries: CHECKPOINT_ENTRIES,
        checkEveryMs: CHECK_MS,
        retainedSnapshots: 1,
        snapshotCompression: "none",
        snapshotBytesPerSecond: Infinity,
      },
    );
    const node = { name, machine, group, reports };
    this.#nodes.set(name, node);
    await group.start(new AbortController().signal);
    return node;
  }

  async startAll(version = 1): Promise<void> {
    await Promise.all(this.names.map((name) => this.start(name, version)));
  }

  async stop({ name, group }: SmallNode): Promise<void> {
    this.#nodes.delete(name);
    await group[Symbol.asyncDispose]();
  }

  /** Empties the folders of a node that is stopped. */
  async wipe(name: string): Promise<void> {
    await rm(join(this.#folder, name.replace(":", "-")), { recursive: true });
  }

  /** The node that leads, once there is one that can take proposals. */
  async leader(): Promise<SmallNode> {
    for (;;) {
      const leader = this.nodes.find(({ group }) => group.log.status().role === "leader");
      if (leader) return leader;
      await systemClock.sleep(LOOK_MS);
    }
  }

  /** Proposes `[version, value]` at the leader until it is applied there. @returns the version that was applied. */
  async propose(command: (leader: SmallNode) => readonly [version: number, value: number]): Promise<number> {
    for (;;) {
      const leader = await this.leader();
      try {
        return await leader.group.log.propose(Uint8Array.from(command(leader)), new AbortController().signal);
      } catch {
        await systemClock.sleep(LOOK_MS);
      }
    }
  }

  async addTo(checkpoints: number): Promise<void> {
    for (let left = checkpoints * CHECKPOINT_ENTRIES; left > 0; left--) await this.propose(() => [1, 1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => this.stop(node)));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Waits. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await systemClock.sleep(LOOK_MS);
}
