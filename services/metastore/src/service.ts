import type { ObjectStore } from "@hearth/object-store";
import type { RequestMetrics, ServiceRegistration } from "@hearth/rpc";
import { TaskGroup, type Clock, type Random } from "@hearth/runtime";
import type { Logger, MetricRegistry } from "@hearth/telemetry";
import { backupObserver } from "./backup/backup-observer.ts";
import { importAtStart } from "./backup/import-at-start.ts";
import { SnapshotBackup } from "./backup/snapshot-backup.ts";
import { BlockRegistry } from "./block-registry.ts";
import { CommandProposer } from "./command-proposer.ts";
import { CompactionMetrics } from "./compaction/compaction-metrics.ts";
import { compactionSettingsOf } from "./compaction/config.ts";
import type { MetastoreSettings } from "./config.ts";
import { recoverDeadLetters } from "./dead-letters/recover-dead-letters.ts";
import { DeletionRegistry } from "./deletions/deletion-registry.ts";
import { openDirectory } from "./disk/directory.ts";
import { spaceProblem, STUCK_WRITE_MS } from "./disk/disk-watch.ts";
import { OLDEST_COMMAND_VERSION, STATE_VERSION } from "./index-state/command-codec.ts";
import type { CommandResult } from "./index-state/command-result.ts";
import { expireBlocks } from "./compaction/retention.ts";
import { JobBroker } from "./job-broker.ts";
import type { MetastoreState } from "./index-state/metastore-state.ts";
import { InterruptedStateMachine, MetastoreStateMachine } from "./metastore-state-machine.ts";
import { metastoreMetrics, type MetastoreMetrics } from "./metrics.ts";
import { planTiersUntil, type TierAges } from "./tiers/plan-until.ts";
import { sweepUntil } from "./orphans/sweep-until.ts";
import { clusterOf, openNodeFiles } from "./node-files.ts";
import type { Build } from "./raft-admin/node-info.ts";
import { RaftMetrics } from "./raft-admin/raft-metrics.ts";
import { raftNodeService } from "./raft-admin/raft-node-service.ts";
import { STATE_NAMES } from "./raft-admin/state-name.ts";
import type { LogStatus } from "./replicated-log/replicated-log.ts";
import type { VerdictReport } from "./raft-check/member-check.ts";
import { hasPeers, parseBindAddress } from "./raft-group/group-settings.ts";
import { RaftGroup } from "./raft-group/raft-group.ts";
import { readTlsFiles } from "./raft-transport/index.ts";
import type { LogObserver, RaftReplicatedLog } from "./raft-node/raft-replicated-log.ts";
import { deletionService } from "./rpc/deletion-service.ts";
import { indexService } from "./rpc/index-service.ts";
import { compactionAdminService } from "./rpc/compaction-admin-service.ts";
import { compactionService } from "./rpc/compaction-service.ts";
import { metadataQueryService } from "./rpc/metadata-query-service.ts";
import { StateReader } from "./rpc/state-reader.ts";
import { tenantService } from "./rpc/tenant-service.ts";

export interface MetastoreDeps {
  readonly objectStore: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: MetricRegistry;
  /** Of calls between nodes. */
  readonly requestMetrics: RequestMetrics;
  readonly logger: Logger;
  /** Told to operators who look at the nodes. */
  readonly build?: Build;
  /** A write failed: nothing can be registered any more, and the process should end and start again. */
  readonly onFatal: (problem: string) => void;
  /** How long the data of a tenant is kept, in milliseconds; 0: for ever. Asked again and again: it may change. */
  readonly retentionMsOf: (tenant: string) => number;
  readonly tierAgesOf: TierAges;
}

const MB = 1_000_000;
/** A snapshot is due after this much log, whatever the number of entries. */
const SNAPSHOT_BYTES = 256 * 1024 * 1024;

const DISK_WATCH_MS = 5_000;

/** Keeps the index of all blocks. Its log is the only state of the system beside the bucket. */
export class Metastore implements AsyncDisposable {
  readonly #settings: MetastoreSettings;
  readonly #deps: MetastoreDeps;
  readonly #metrics: MetastoreMetrics;
  readonly #raftMetrics: RaftMetrics;
  readonly #stateMachine = new MetastoreStateMachine();
  readonly #tasks: TaskGroup;
  #group: RaftGroup<CommandResult> | undefined;
  /** Absent when snapshots are not copied. */
  #backup: SnapshotBackup | undefined;
  /** Since when it has been in step with a leader; undefined while it is not. */
  #inStepSinceMs: number | undefined;
  #services: readonly ServiceRegistration[] = [];

  constructor(settings: MetastoreSettings, deps: MetastoreDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#metrics = metastoreMetrics(deps.registry);
    this.#raftMetrics = new RaftMetrics(this.#metrics, deps.registry);
    this.#tasks = new TaskGroup((name, error) => deps.onFatal(`task ${name} failed: ${String(error)}`));
  }

  /**
   * Reads the files and takes the lead. Damaged files do not make it fail: it then stays up, not ready, and says why.
   *
   * @throws {KvLockedError} when another process uses the files, and errors of the disk.
   */
  async start(): Promise<void> {
    const { clock, random, objectStore, logger, registry, retentionMsOf, tierAgesOf } = this.#deps;
    const startMs = clock.monotonicMs();
    const group = await this.#openGroup();
    const { log } = group;
    this.#group = group;
    const commandVersion = (): number => group.commandVersion;
    const parts = { log, stateMachine: this.#stateMachine, clock, commandVersion, metrics: this.#metrics };
    const proposer = new CommandProposer(parts, this.#settings);
    const blockRegistry = new BlockRegistry({ ...parts, proposer, objectStore });
    const plan = compactionSettingsOf(this.#settings);
    const reader = new StateReader(parts);
    const deletions = new DeletionRegistry({ ...parts, proposer, reader, logger });
    const onDeletionsDone = (numbers: readonly number[]): void => deletions.noteDone(numbers);
    const broker = new JobBroker({ ...parts, proposer, onDeletionsDone }, plan);
    const compactionMetrics = new CompactionMetrics(this.#metrics, plan);
    const maxInForce = this.#settings.deletionsPerTenant;
    this.#services = [
      indexService({ registry: blockRegistry, reader }),
      compactionService({ broker }),
      compactionAdminService({
        reader,
        proposer,
        settings: { plan, graceMs: this.#settings.cleanupGraceMs, retentionMsOf, tierAgesOf },
      }),
      metadataQueryService({ reader }),
      tenantService({ reader, deletions, maxInForce }),
      deletionService({ registry: deletions, reader, maxInForce }),
      raftNodeService({
        ...parts,
        logger,
        name: this.#settings.serverId,
        takesPeers: hasPeers(this.#settings),
        build: this.#deps.build ?? { version: "", revision: "" },
      }),
    ];
    registry.onScrape(() => {
      this.#publishGauges(log.status());
      this.#raftMetrics.publishPeers(log.node?.peers ?? []);
      const { compaction, lastStampMs } = this.#stateMachine.state;
      compactionMetrics.publish(compaction, lastStampMs);
      const { table, touched } = this.#stateMachine.state.deletions;
      this.#metrics.deletionsInForce.set(table.inForceCount);
      this.#metrics.deletionBlocks.set(touched.count);
    });
    const open = async (stop: AbortSignal): Promise<void> => {
      await group.start(stop);
      this.#metrics.restoreSeconds.observe((clock.monotonicMs() - startMs) / 1000);
      const { role } = log.status();
      if (role === "corrupt" || role === "failed") return;
      const { index } = this.#stateMachine.state;
      logger.info("metastore is open", { ...log.status(), blockCount: index.blockCount });
      this.#tasks.spawn("disk watch", (stop) => this.#watchDiskUntil(log, stop));
      this.#tasks.spawn("snapshots", (stop) => this.#snapshotUntil(log, stop));
      const letters = { objectStore, registry: blockRegistry, metrics: this.#metrics, logger, clock, random };
      if (this.#settings.deadLetterIntervalMs > 0) {
        this.#tasks.spawn("dead letters", (stop) => this.#recoverUntil(letters, stop));
      }
      this.#tasks.spawn("retention", (stop) => this.#expireUntil(proposer, stop));
      const isLeader = (): boolean => log.status().role === "leader";
      const state = (): MetastoreState => this.#stateMachine.state;
      const { gatherDatasetBytes } = this.#settings;
      const tiers = { ...this.#deps, gatherDatasetBytes, proposer, state, isLeader };
      this.#tasks.spawn("tiers", (stop) => planTiersUntil(tiers, this.#settings.cleanupIntervalMs, stop));
      if (this.#settings.orphanSweepIntervalMs > 0) {
        const sweep = { ...this.#deps, metrics: this.#metrics, proposer, reader, state, isLeader };
        this.#tasks.spawn("orphan sweep", (stop) => sweepUntil(sweep, this.#settings, stop));
      }
    };
    // A group may have to wait for its nodes: the process says so meanwhile, instead of being silent.
    if (hasPeers(this.#settings)) this.#tasks.spawn("metastore", open);
    else await open(this.#tasks.signal);
  }

  /** What this part offers to other parts; complete after {@link start}. */
  get services(): readonly ServiceRegistration[] {
    return this.#services;
  }

  /** Why it cannot serve, or undefined when it can. */
  readinessProblem(): string | undefined {
    const group = this.#group;
    if (!group) return "the metastore is not started";
    const status = group.log.status();
    if (status.problem !== undefined) return status.problem;
    if (!hasPeers(this.#settings))
      return status.role === "leader" ? undefined : `the metastore is ${status.role}`;
    const problem = lagProblem(status, group.log.node?.status().leader);
    if (problem !== undefined) {
      this.#inStepSinceMs = undefined;
      return problem;
    }
    const nowMs = this.#deps.clock.monotonicMs();
    this.#inStepSinceMs ??= nowMs;
    const waitsMs = this.#settings.minReadyDurationMs - (nowMs - this.#inStepSinceMs);
    return waitsMs > 0
      ? `the metastore is in step, and waits ${Math.ceil(waitsMs / 1000)} s more`
      : undefined;
  }

  status(): LogStatus | undefined {
    return this.#group?.log.status();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks.stop();
    await this.#group?.[Symbol.asyncDispose]();
  }

  async #openGroup(): Promise<RaftGroup<CommandResult>> {
    const settings = this.#settings;
    const { clock, random, logger, requestMetrics, objectStore } = this.#deps;
    const { snapshotsDirectory, ...files } = await openNodeFiles(settings, clock);
    const { snapshots } = files;
    const cluster = clusterOf(settings);
    const importing = { ...files, stateMachine: new InterruptedStateMachine(), objectStore, logger };
    await importAtStart(importing, { ...settings, ...cluster }, this.#tasks.signal);
    if (settings.backupEnabled) {
      const observer = backupObserver({ metrics: this.#metrics, logger, clock });
      const limits = { retain: settings.backupSnapshotsRetain, timeoutMs: settings.backupTimeoutMs };
      this.#backup = new SnapshotBackup({ objectStore, snapshots, clock, observer }, limits);
    }
    return new RaftGroup<CommandResult>(
      {
        ...files,
        snapshotsDirectory,
        stateMachine: this.#stateMachine,
        clock,
        random,
        logger,
        requestMetrics,
        observer: this.#observer(),
        transportObserver: this.#raftMetrics.transportObserver,
        versions: { oldest: OLDEST_COMMAND_VERSION, newest: STATE_VERSION },
        onVerdict: (report) => this.#noteVerdict(report),
        onFailure: (name, error) => this.#deps.onFatal(`task ${name} failed: ${String(error)}`),
      },
      {
        listen: hasPeers(settings) ? parseBindAddress(settings) : undefined,
        tls: await tlsOf(settings),
        ...cluster,
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
    const raftMetrics = this.#raftMetrics;
    const { logger, onFatal } = this.#deps;
    // Without peers nothing is new in a change of the group.
    const level = hasPeers(this.#settings) ? "info" : "debug";
    return {
      onProblem(role, problem, cause) {
        logger.error("metastore cannot go on", { role, problem, error: cause });
        raftMetrics.noteProblem(role);
        if (role === "failed") onFatal(problem);
      },
      onWrite({ entryCount, elapsedMs }) {
        metrics.logStoreWriteSeconds.observe(elapsedMs / 1000);
        metrics.batchEntries.observe(entryCount);
        raftMetrics.noteWritten(elapsedMs);
      },
      onApply: ({ elapsedMs, sizeBytes }) => {
        const { lastCommand: command } = this.#stateMachine;
        metrics.fsmApplySeconds.observe({ command }, elapsedMs / 1000);
        metrics.fsmApplyBytes.observe({ command }, sizeBytes);
      },
      onSnapshot({ sizeBytes, elapsedMs }) {
        metrics.persistSnapshotSeconds.observe(elapsedMs / 1000);
        metrics.persistSnapshotBytes.set(sizeBytes);
      },
      onStatus: ({ role, term, leader }) => {
        logger[level]("the metastore's group has changed", { role, term, leader: leader ?? "none" });
        raftMetrics.noteStatus({ role, term, leader });
      },
      onAlarm(alarm) {
        logger.error("a node of the metastore lost what it acknowledged", { alarm });
        raftMetrics.noteAlarm(alarm);
      },
    };
  }

  #noteVerdict({ index, verdict, digests }: VerdictReport): void {
    this.#raftMetrics.noteVerdict(verdict.type);
    const facts = { index, digests: [...digests].map(([node, digest]) => `${node}=${digest}`).join(",") };
    if (verdict.type === "diverged") {
      const nodes = verdict.nodes.join(",");
      this.#deps.logger.error("nodes of the metastore have another state than the quorum", {
        ...facts,
        nodes,
      });
    } else if (verdict.type === "undecided") {
      this.#deps.logger.error("nodes of the metastore have different states, and none has a quorum", facts);
    }
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
        // One node is enough, and only the leader can register.
        if (this.#group?.log.status().role === "leader") await recoverDeadLetters(letters, stop);
      } catch (error) {
        if (stop.aborted) return;
        this.#deps.logger.warn("reading dead letters failed", { error });
      }
      await this.#deps.clock.sleep(this.#settings.deadLetterIntervalMs, stop);
    }
  }

  async #expireUntil(proposer: CommandProposer, stop: AbortSignal): Promise<void> {
    const { retentionMsOf, clock, logger } = this.#deps;
    const { cleanupIntervalMs, cleanupGraceMs } = this.#settings;
    const deps = { proposer, stateMachine: this.#stateMachine, retentionMsOf };
    for (;;) {
      await clock.sleep(cleanupIntervalMs, stop);
      if (this.#group?.log.status().role !== "leader") continue;
      try {
        const blockCount = await expireBlocks(deps, cleanupGraceMs, stop);
        this.#metrics.expiredBlocks.inc(blockCount);
        if (blockCount > 0)
          logger.info("blocks are older than their tenants' retention periods", { blockCount });
      } catch (error) {
        if (stop.aborted) return;
        logger.warn("letting old blocks go failed; trying again", { error });
      }
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
      this.#raftMetrics.lookAtWrite(log.writeElapsedMs);
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
      return;
    }
    const backup = this.#backup;
    if (!backup || log.status().role !== "leader") return;
    // Not awaited: watching the disk goes on meanwhile.
    this.#tasks.spawn("snapshot copy", async (signal) => void (await backup.backUp(signal)));
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

/** Undefined when nodes speak without encryption. @throws {FailedPreconditionError} naming a file that cannot be read. */
async function tlsOf({ tlsCaPath: caPath, tlsCertPath: certPath, tlsKeyPath: keyPath }: MetastoreSettings) {
  return caPath === "" ? undefined : await readTlsFiles({ caPath, certPath, keyPath });
}

/** A follower may be behind by so much and still answer questions soon. */
const MAX_LAG_ENTRIES = 10_240;

/** Why a node of a group cannot serve now; undefined when it can. */
function lagProblem(status: LogStatus, leader: string | undefined): string | undefined {
  if (status.role === "starting") return "the metastore opens its files, or waits for its peers";
  if (leader === undefined) return "the metastore has no leader";
  const lag = status.commitIndex - status.appliedIndex;
  return lag > MAX_LAG_ENTRIES ? `the metastore catches up: behind_entries=${lag}` : undefined;
}
