import { KvUnreadableError, type KvStore } from "@hearth/kv-store";
import { invariant } from "@hearth/errors";
import type { Directory } from "../disk/directory.ts";
import { readDivergence } from "./divergence-mark.ts";
import { HARD_STATE_FILE, HardStateFile, RECOVERING_HARD_STATE_FILE, type HardState } from "./hard-state.ts";
import { bootstrapMembership, bootstrapPosition, firstIdentity, type Identity } from "./identity.ts";
import type { LogPosition, Membership } from "@hearth/raft";
import { LogStore, type Stored } from "./log-store.ts";
import {
  ChainFollower,
  planRecovery,
  type LogFindings,
  type RecoveryPlan,
  type RefusalReason,
} from "./recovery.ts";
import type { SnapshotHeader } from "./snapshot-file.ts";
import type { SnapshotStore } from "./snapshot-store.ts";
import type { StateMachine } from "./replicated-log.ts";

/** Reading what is on disk at start, deciding by {@link planRecovery}, and bringing the files into order. */

export interface StorageDeps {
  /** Of the hard state. */
  readonly directory: Directory;
  /** Of its file; that of a node in use when absent. */
  readonly hardStateName?: string;
  readonly openKv: () => Promise<KvStore>;
  readonly snapshots: SnapshotStore;
  /** Asked when there is nothing on disk at all: who this node is to be. That of a new cluster when absent. */
  readonly firstIdentity?: () => Promise<Identity>;
}

export interface ClusterSettings {
  readonly clusterName: string;
  readonly nodeName: string;
  /** Names of all nodes that begin the cluster, this one included. */
  readonly initialPeers: readonly string[];
}

/** Files in order: the state machine stands at `snapshot`, the log reaches from `start` to `end`. */
export interface OpenStorage {
  readonly type: "open";
  readonly log: LogStore;
  readonly hardStateFile: HardStateFile;
  readonly hardState: HardState;
  readonly snapshot: LogPosition;
  /** The configuration at `snapshot`. */
  readonly membership: Membership;
  readonly start: LogPosition;
  readonly end: LogPosition;
}

export type StorageOutcome =
  | OpenStorage
  | {
      readonly type: "refused";
      readonly reason: RefusalReason;
      /** What more there is to say. */
      readonly detail?: string | undefined;
      readonly cause?: unknown;
    };

/**
 * Opens the files of a node and loads the snapshot that its log goes on from into the state machine.
 *
 * @throws {KvLockedError} when another process has the log open, and errors of the disk.
 */
export async function openStorage(
  deps: StorageDeps,
  cluster: ClusterSettings,
  stateMachine: StateMachine<unknown>,
): Promise<StorageOutcome> {
  const examined = await examineStorage(deps, cluster, stateMachine);
  if (examined.type === "unreadable") {
    return { type: "refused", reason: "UNREADABLE", cause: examined.cause };
  }
  return carryOut(examined, deps);
}

/** Files as they were found, open, and what is to be done with them. Whoever has this closes it. */
export interface ExaminedStorage {
  readonly type: "examined";
  readonly plan: RecoveryPlan;
  readonly log: LogStore;
  readonly hardState: Stored<HardState>;
  /** There when the hard state is valid. */
  readonly hardStateFile: HardStateFile | undefined;
  /** That of a new node when the files do not tell. */
  readonly identity: Identity;
  /** What the state machine holds. */
  readonly snapshot: LogPosition;
  /** The configuration at `snapshot`. */
  readonly membership: Membership;
  /** Whether `membership` is only what the settings say, since no snapshot was loaded. */
  readonly isMembershipOfSettings: boolean;
  readonly findings: LogFindings;
  /** What the mark of a state that diverged says, if there is one. */
  readonly divergence: string | undefined;
}

export type ExaminationOutcome = ExaminedStorage | { readonly type: "unreadable"; readonly cause: unknown };

/**
 * The first half of {@link openStorage}: opens, reads and decides, and changes nothing, though LevelDB may order its own
 * files as it opens them.
 *
 * @throws {KvLockedError} when another process has the log open, and errors of the disk.
 */
export async function examineStorage(
  deps: StorageDeps,
  cluster: ClusterSettings,
  stateMachine: StateMachine<unknown>,
): Promise<ExaminationOutcome> {
  let kv;
  try {
    kv = await deps.openKv();
  } catch (error) {
    if (error instanceof KvUnreadableError) return { type: "unreadable", cause: error };
    throw error;
  }
  const log = new LogStore(kv);
  // Looked for with the log open: a recovery that goes on meanwhile has it open until this file is there.
  const hasUnfinishedRecovery = (await deps.directory.list()).includes(RECOVERING_HARD_STATE_FILE);
  const found = await HardStateFile.open(deps.directory, deps.hardStateName ?? HARD_STATE_FILE);
  const identity = found.type === "valid" ? found.value.state.identity : firstIdentity(identityOf(cluster));
  const hardState: Stored<HardState> =
    found.type === "valid" ? { type: "valid", value: found.value.state } : found;
  const hardStateFile = found.type === "valid" ? found.value.file : undefined;
  const divergence = await readDivergence(deps.directory);
  const opened = { log, hardState, hardStateFile, identity, hasUnfinishedRecovery, divergence };
  let refused: Planned | undefined;
  for await (const candidate of candidates(deps.snapshots, stateMachine)) {
    const planned = await planFrom(candidate, opened, cluster);
    if (planned.plan.type !== "refuse") return { type: "examined", ...opened, ...planned };
    refused ??= planned;
  }
  invariant(refused, "there is always the first state to begin from");
  return { type: "examined", ...opened, ...refused };
}

/** Closes what {@link examineStorage} opened. */
export async function closeExamined({ hardStateFile, log }: ExaminedStorage): Promise<void> {
  await hardStateFile?.[Symbol.asyncDispose]();
  await log[Symbol.asyncDispose]();
}

type Planned = Pick<
  ExaminedStorage,
  "plan" | "snapshot" | "membership" | "isMembershipOfSettings" | "findings"
>;

type Opened = Pick<ExaminedStorage, "log" | "hardState" | "identity" | "divergence"> & {
  readonly hasUnfinishedRecovery: boolean;
};

async function planFrom(
  { header, hasFiles }: Candidate,
  { log, hardState, identity, hasUnfinishedRecovery, divergence }: Opened,
  cluster: ClusterSettings,
): Promise<Planned> {
  const snapshot = header?.position ?? bootstrapPosition(identity);
  const findings = await readLog(log, snapshot, hardState);
  const plan = planRecovery({
    nodeName: cluster.nodeName,
    hasUnfinishedRecovery,
    hardState,
    hasDiverged: divergence !== undefined,
    snapshotIdentities: header ? [header.identity] : [],
    hasSnapshotFiles: hasFiles,
    snapshot,
    log: findings,
  });
  const membership = header?.membership ?? bootstrapMembership(cluster.initialPeers);
  return { plan, snapshot, membership, isMembershipOfSettings: header === undefined, findings };
}

async function carryOut(examined: ExaminedStorage, deps: StorageDeps): Promise<StorageOutcome> {
  const { plan, log, membership } = examined;
  if (plan.type === "refuse") {
    await closeExamined(examined);
    const detail = plan.reason === "STATE_DIVERGED" ? examined.divergence : undefined;
    return { type: "refused", reason: plan.reason, detail };
  }
  if (plan.type === "first-boot") {
    const identity = await firstIdentityOf(deps, examined);
    const snapshot = bootstrapPosition(identity);
    // The hard state comes first: files without it are taken for damaged ones.
    const hardState: HardState = { identity, term: 0, vote: undefined, witness: snapshot };
    const hardStateFile = await HardStateFile.create(deps.directory, hardState);
    await log.writeHead(identity, snapshot);
    return {
      type: "open",
      log,
      hardStateFile,
      hardState,
      snapshot,
      membership,
      start: snapshot,
      end: snapshot,
    };
  }
  const { snapshot, identity } = examined;
  await log.removeFrom(plan.end.index + 1);
  if (plan.moveStart) await log.writeHead(identity, plan.moveStart);
  const found = examined.findings.start;
  const start = plan.moveStart ?? (found.type === "valid" ? found.value : snapshot);
  await log.removeBefore(start.index + 1);
  invariant(
    examined.hardState.type === "valid" && examined.hardStateFile,
    "a log without hard state was started",
  );
  const { hardStateFile } = examined;
  return {
    type: "open",
    log,
    hardStateFile,
    hardState: examined.hardState.value,
    snapshot,
    membership,
    start,
    end: plan.end,
  };
}

/** Waiting for peers may be given up: the files are closed then. */
async function firstIdentityOf(deps: StorageDeps, { log, identity }: ExaminedStorage): Promise<Identity> {
  try {
    return (await deps.firstIdentity?.()) ?? identity;
  } catch (error) {
    await log[Symbol.asyncDispose]();
    throw error;
  }
}

async function readLog(
  log: LogStore,
  snapshot: LogPosition,
  hardState: Stored<HardState>,
): Promise<LogFindings> {
  const identity = await log.identity();
  const start = await log.start();
  const follower = new ChainFollower({
    start: start.type === "valid" ? start.value : undefined,
    snapshot,
    witnessIndex: hardState.type === "valid" ? hardState.value.witness.index : 0,
  });
  for await (const { index, entry } of log.entries(0)) if (!follower.add(index, entry)) break;
  const { hasEntries, ...chain } = follower.findings();
  return { identity, start, hasEntries, chain };
}

interface Candidate {
  /** Of the snapshot that the state machine holds now; undefined for the empty state that every log begins with. */
  readonly header: SnapshotHeader | undefined;
  readonly hasFiles: boolean;
}

/**
 * Loads one snapshot after the other that is whole, newest first; at last the empty state. The newest need not be the right
 * one: it may have come from a leader and not be installed yet, and then the log still goes on from an older one.
 */
async function* candidates(
  snapshots: SnapshotStore,
  stateMachine: StateMachine<unknown>,
): AsyncGenerator<Candidate> {
  const empty = [...stateMachine.capture()];
  const indexes = await snapshots.indexes();
  const hasFiles = indexes.length > 0;
  for (const index of indexes) {
    const header = await loadWhole(snapshots, index, stateMachine);
    if (header) yield { header, hasFiles };
  }
  const restore = stateMachine.restore();
  for (const frame of empty) restore.add(frame);
  restore.finish();
  yield { header: undefined, hasFiles };
}

async function loadWhole(
  snapshots: SnapshotStore,
  index: number,
  stateMachine: StateMachine<unknown>,
): Promise<SnapshotHeader | undefined> {
  try {
    const restore = stateMachine.restore();
    const header = await snapshots.read(index, (frame) => restore.add(frame));
    restore.finish();
    return header;
  } catch {
    return undefined;
  }
}

function identityOf(cluster: ClusterSettings): { name: string; peers: readonly string[]; nodeName: string } {
  return { name: cluster.clusterName, peers: cluster.initialPeers, nodeName: cluster.nodeName };
}
