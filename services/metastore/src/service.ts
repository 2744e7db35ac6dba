import { join } from "node:path";
import { openLevelStore } from "@hearth/kv-store";
import type { ObjectStore } from "@hearth/object-store";
import type { ServiceRegistration } from "@hearth/rpc";
import { TaskGroup, type Clock, type Random } from "@hearth/runtime";
import type { Logger, MetricRegistry } from "@hearth/telemetry";
import { BlockRegistry } from "./block-registry.ts";
import type { MetastoreSettings } from "./config.ts";
import { recoverDeadLetters } from "./dead-letters/recover-dead-letters.ts";
import { openDirectory } from "./disk/directory.ts";
import { spaceProblem, STUCK_WRITE_MS } from "./disk/disk-watch.ts";
import type { CommandResult } from "./index-state/command-result.ts";
import { MetastoreStateMachine } from "./metastore-state-machine.ts";
import { metastoreMetrics, type MetastoreMetrics } from "./metrics.ts";
import type { LogRole, LogStatus } from "./replicated-log/replicated-log.ts";
import { noNetwork, RaftReplicatedLog, type LogObserver } from "./raft-node/raft-replicated-log.ts";
import { SnapshotStore } from "./replicated-log/snapshot-store.ts";
import { indexService } from "./rpc/index-service.ts";
import { metadataQueryService } from "./rpc/metadata-query-service.ts";
import { StateReader } from "./rpc/state-reader.ts";
import { tenantService } from "./rpc/tenant-service.ts";

export interface MetastoreDeps {
  readonly objectStore: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: MetricRegistry;
  readonly logger: Logger;
  /** A write failed: nothing can be registered any more, and the process should end and start again. */
  readonly onFatal: (problem: string) => void;
}

const CLUSTER_NAME = "metastore";
const MB = 1_000_000;
/** A snapshot is due after this much log, whatever the number of entries. */
const SNAPSHOT_BYTES = 256 * 1024 * 1024;

const DISK_WATCH_MS = 5_000;

/** What dashboards call the roles. */
const STATE_NAMES: Readonly<Record<LogRole, string>> = {
  starting: "Follower",
  follower: "Follower",
  candidate: "Candidate",
  leader: "Leader",
  corrupt: "Corrupt",
  failed: "Failed",
  stopped: "Shutdown",
};

/** Keeps the index of all blocks. Its log is the only state of the system beside the bucket. */
export class Metastore implements AsyncDisposable {
  readonly #settings: MetastoreSettings;
  readonly #deps: MetastoreDeps;
  readonly #metrics: MetastoreMetrics;
  readonly #stateMachine = new MetastoreStateMachine();
  readonly #tasks: TaskGroup;
  #log: RaftReplicatedLog<CommandResult> | undefined;
  #services: readonly ServiceRegistration[] = [];

  constructor(settings: MetastoreSettings, deps: MetastoreDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#metrics = metastoreMetrics(deps.registry);
    this.#tasks = new TaskGroup((name, error) => deps.onFatal(`task ${name} failed: ${String(error)}`));
  }

  /**
   * Reads the files and takes the lead. Damaged files do not make it fail: it then stays up, not ready, and says why.
   *
   * @throws {KvLockedError} when another process uses the files, and errors of the disk.
   */
  async start(): Promise<void> {
    const { clock, objectStore, logger, registry } = this.#deps;
    const startMs = clock.monotonicMs();
    const log = await this.#openLog();
    this.#log = log;
    const parts = { log, stateMachine: this.#stateMachine, clock, metrics: this.#metrics };
    const blockRegistry = new BlockRegistry(parts, this.#settings);
    const reader = new StateReader(parts);
    this.#services = [
      indexService({ registry: blockRegistry, reader }),
      metadataQueryService({ reader }),
      tenantService({ reader }),
    ];
    await log.start();
    this.#metrics.restoreSeconds.observe((clock.monotonicMs() - startMs) / 1000);
    registry.onScrape(() => this.#publishGauges(log.status()));
    if (log.status().role !== "leader") return;
    const { index } = this.#stateMachine.state;
    logger.info("metastore is ready", { ...log.status(), blockCount: index.blockCount });
    this.#tasks.spawn("disk watch", (stop) => this.#watchDiskUntil(log, stop));
    this.#tasks.spawn("snapshots", (stop) => this.#snapshotUntil(log, stop));
    const letters = { objectStore, registry: blockRegistry, metrics: this.#metrics, logger };
    if (this.#settings.deadLetterIntervalMs > 0) {
      this.#tasks.spawn("dead letters", (stop) => this.#recoverUntil(letters, stop));
    }
  }

  /** What this part offers to other parts; complete after {@link start}. */
  get services(): readonly ServiceRegistration[] {
    return this.#services;
  }

  /** Why it cannot serve, or undefined when it can. */
  readinessProblem(): string | undefined {
    const status = this.#log?.status();
    if (!status) return "the metastore is not started";
    if (status.role === "leader") return undefined;
    return status.problem ?? `the metastore is ${status.role}`;
  }

  status(): LogStatus | undefined {
    return this.#log?.status();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks.stop();
    await this.#log?.[Symbol.asyncDispose]();
  }

  async #openLog(): Promise<RaftReplicatedLog<CommandResult>> {
    const settings = this.#settings;
    const { clock, random } = this.#deps;
    const directory = await openDirectory(settings.raftDir);
    const snapshotsDirectory = await openDirectory(join(settings.snapshotsDir, "snapshots"));
    return new RaftReplicatedLog(
      {
        directory,
        openKv: () => openLevelStore(join(settings.raftDir, "log")),
        snapshots: new SnapshotStore({ directory: snapshotsDirectory, clock }),
        stateMachine: this.#stateMachine,
        clock,
        random,
        network: noNetwork,
        observer: this.#observer(),
      },
      {
        clusterName: CLUSTER_NAME,
        nodeName: settings.serverId,
        initialPeers: settings.bootstrapPeers.length > 0 ? settings.bootstrapPeers : [settings.serverId],
        trailingEntries: settings.trailingLogs,
        retainedSnapshots: settings.snapshotsRetain,
        snapshotCompression: settings.snapshotCompression,
        snapshotBytesPerSecond:
          settings.snapshotRateLimitMb === 0 ? Infinity : settings.snapshotRateLimitMb * MB,
      },
    );
  }

  #observer(): LogObserver {
    const metrics = this.#metrics;
    const { logger, onFatal } = this.#deps;
    return {
      onProblem(role, problem, cause) {
        logger.error("metastore cannot go on", { role, problem, error: cause });
        if (role === "failed") onFatal(problem);
      },
      onWrite({ entryCount, elapsedMs }) {
        metrics.logStoreWriteSeconds.observe(elapsedMs / 1000);
        metrics.batchEntries.observe(entryCount);
      },
      onApply({ elapsedMs, sizeBytes }) {
        metrics.fsmApplySeconds.observe({ command: "add_blocks" }, elapsedMs / 1000);
        metrics.fsmApplyBytes.observe({ command: "add_blocks" }, sizeBytes);
      },
      onSnapshot({ sizeBytes, elapsedMs }) {
        metrics.persistSnapshotSeconds.observe(elapsedMs / 1000);
        metrics.persistSnapshotBytes.set(sizeBytes);
      },
    };
  }

  async #snapshotUntil(log: RaftReplicatedLog<CommandResult>, stop: AbortSignal): Promise<void> {
    for (;;) {
      await this.#deps.clock.sleep(this.#settings.snapshotIntervalMs, stop);
      const { entryCount, sizeBytes } = log.sinceSnapshot;
      if (entryCount < this.#settings.snapshotThreshold && sizeBytes < SNAPSHOT_BYTES) continue;
      await this.#trySnapshot(log, stop);
    }
  }

  async #recoverUntil(letters: Parameters<typeof recoverDeadLetters>[0], stop: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await recoverDeadLetters(letters, stop);
      } catch (error) {
        if (stop.aborted) return;
        this.#deps.logger.warn("reading dead letters failed", { error });
      }
      await this.#deps.clock.sleep(this.#settings.deadLetterIntervalMs, stop);
    }
  }

  async #watchDiskUntil(log: RaftReplicatedLog<CommandResult>, stop: AbortSignal): Promise<void> {
    const directory = await openDirectory(this.#settings.raftDir);
    let isHeld = false;
    for (;;) {
      const problem = spaceProblem(await directory.space());
      log.hold(problem);
      if (problem !== undefined && !isHeld) {
        this.#deps.logger.error("registering is suspended", { problem });
        await this.#trySnapshot(log, stop);
      }
      isHeld = problem !== undefined;
      if (log.writeElapsedMs > STUCK_WRITE_MS) this.#deps.onFatal("a write of the log does not come back");
      await this.#deps.clock.sleep(DISK_WATCH_MS, stop);
    }
  }

  /** The log keeps what a snapshot would have freed: a failure is worth a warning, not an end. */
  async #trySnapshot(log: RaftReplicatedLog<CommandResult>, stop: AbortSignal): Promise<void> {
    try {
      await log.takeSnapshot(stop);
    } catch (error) {
      if (stop.aborted) return;
      this.#metrics.snapshotFailures.inc();
      this.#deps.logger.warn("snapshot failed", { error });
    }
  }

  #publishGauges(status: LogStatus): void {
    const metrics = this.#metrics;
    metrics.state.reset();
    metrics.state.set({ state: STATE_NAMES[status.role] }, 1);
    metrics.term.set(status.term);
    metrics.firstIndex.set(status.firstIndex);
    metrics.lastIndex.set(status.lastIndex);
    metrics.commitIndex.set(status.commitIndex);
    metrics.appliedIndex.set(status.appliedIndex);
    const { index } = this.#stateMachine.state;
    metrics.indexBlocks.set(index.blockCount);
    metrics.indexPartitions.set(index.partitions().length);
    metrics.indexBytes.set(index.sizeBytes);
  }
}
