/**
 * One node of a Raft group for the benchmark, as a process of its own: the real log, disk and transport, with a state
 * machine that only counts. Told by its parent what to do, over IPC.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { join } from "node:path";

import { openLevelStore } from "@hearth/kv-store";
import { requestMetrics } from "@hearth/rpc";
import { systemClock, systemRandom } from "@hearth/runtime";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";

import { openDirectory } from "../../services/metastore/src/disk/directory.ts";
import { RaftGroup } from "../../services/metastore/src/raft-group/raft-group.ts";
import { SnapshotStore } from "../../services/metastore/src/replicated-log/snapshot-store.ts";
import { runLoad, type Load, type LoadResult } from "./load.ts";

export interface NodeSettings {
  readonly dir: string;
  readonly name: string;
  /** This node included; alone it is a group of one. */
  readonly peers: readonly string[];
}

export type Order =
  | { readonly type: "load"; readonly load: Load }
  | { readonly type: "status" }
  | { readonly type: "close" };

export type Report =
  | { readonly type: "open" }
  | { readonly type: "load"; readonly result: LoadResult }
  | { readonly type: "status"; readonly role: string; readonly term: number };

const settings = JSON.parse(process.argv[2] ?? "{}") as NodeSettings;
let batches = 0;
const group = await openGroup(settings);

process.on("message", (order: Order) => {
  void obey(order);
});
report({ type: "open" });

async function obey(order: Order): Promise<void> {
  switch (order.type) {
    case "load": {
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const batchesBefore = batches;
      const result = await runLoad(group.log, order.load);
      // Log and hard state are synced once each per batch.
      const syncs = 2 * (batches - batchesBefore);
      report({
        type: "load",
        result: { ...result, syncs, eventLoopDelayP99Ms: delay.percentile(99) / 1e6 },
      });
      return;
    }
    case "status": {
      const { role, term } = group.log.status();
      report({ type: "status", role, term });
      return;
    }
    case "close":
      await group[Symbol.asyncDispose]();
      process.disconnect();
  }
}

async function openGroup({ dir, name, peers }: NodeSettings): Promise<RaftGroup<number>> {
  const directory = await openDirectory(join(dir, "raft"));
  const snapshotsDirectory = await openDirectory(join(dir, "snapshots"));
  let applied = 0;
  const opened = new RaftGroup<number>(
    {
      directory,
      snapshotsDirectory,
      openKv: () => openLevelStore(join(dir, "raft", "log")),
      snapshots: new SnapshotStore({ directory: snapshotsDirectory, clock: systemClock }),
      stateMachine: {
        apply: () => ({ type: "applied", result: ++applied }),
        digest: () => "",
        capture: () => [],
        restore: () => ({ add() {}, finish() {} }),
      },
      clock: systemClock,
      random: systemRandom,
      logger: noopLogger,
      requestMetrics: requestMetrics(new MetricRegistry()),
      observer: { onProblem: fail, onWrite: () => void batches++, onApply() {}, onSnapshot() {} },
      transportObserver: { onFrame() {}, onDropped() {}, onRefused() {} },
      versions: { oldest: 1, newest: 1 },
      onVerdict() {},
      onFailure: fail,
    },
    {
      clusterName: "bench",
      nodeName: name,
      initialPeers: peers,
      listen: peers.length > 1 ? { host: "127.0.0.1", port: Number(name.split(":")[1]) } : undefined,
      tls: undefined,
      trailingEntries: 10_000,
      retainedSnapshots: 1,
      snapshotCompression: "none",
      snapshotBytesPerSecond: Infinity,
    },
  );
  await opened.start(new AbortController().signal);
  return opened;
}

function report(message: Report): void {
  process.send?.(message);
}

function fail(...what: unknown[]): void {
  throw new Error(`the node failed: ${what.map(String).join(" ")}`);
}
