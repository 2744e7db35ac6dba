import type { KvStore } from "@hearth/kv-store";
import { assertNever, FailedPreconditionError, invariant } from "@hearth/errors";
import type { Directory } from "../disk/directory.ts";
import { SNAPSHOTS_FOLDER } from "../node-files.ts";
import { HardStateFile, RECOVERING_HARD_STATE_FILE, type HardState } from "../replicated-log/hard-state.ts";
import { closeExamined, examineStorage, type ExaminedStorage } from "../replicated-log/open-storage.ts";
import { isSameIdentity } from "../replicated-log/identity.ts";
import type { StateMachine } from "../replicated-log/replicated-log.ts";
import { SnapshotStore } from "../replicated-log/snapshot-store.ts";
import { buildState, type BuildDeps, type BuildSettings } from "./build-state.ts";
import { followLog } from "./follow-log.ts";
import { planSurvivor, refusedText, type Recovery, type Survivor } from "./plan-survivor.ts";
import { beginSwap, finishSwap, listFolders, namesInTheWay } from "./swap.ts";

export interface RecoverNodeDeps extends Omit<BuildDeps, "onStep"> {
  readonly openKv: () => Promise<KvStore>;
  readonly onStep: (step: RecoveryStep) => void;
}

/** What the recovery does at the moment. */
export type RecoveryStep =
  /** Entries after the snapshot; told at most once a second. */
  | { readonly type: "applying"; readonly applied: number; readonly of: number }
  | { readonly type: "writing" | "checking" | "swapping" };

export interface RecoverNodeSettings extends BuildSettings {
  /** Without it, nothing is changed. */
  readonly acceptDataLoss: boolean;
}

export type RecoveryOutcome =
  /** What could be done. */
  | { readonly type: "planned"; readonly survivor: Survivor }
  /** An earlier call was broken off when the new state counted already. */
  | { readonly type: "unfinished"; readonly recovered: HardState }
  | { readonly type: "recovered"; readonly recovered: HardState; readonly survivor: Survivor | undefined };

/**
 * Makes the node that these files are of the only voter of its cluster, with all that its log has; see `plan-survivor.ts`. The
 * files are checked as at any start. Broken off anywhere, it leaves the old state as it was, or one that refuses to start
 * until another call has finished it.
 *
 * @throws {FailedPreconditionError} when that cannot be done; nothing is changed then.
 * @throws {KvLockedError} when a server uses the files; {DataLossError} when what was written cannot be read back; errors of
 * the disk; the reason of `signal`.
 */
export async function recoverNode(
  deps: RecoverNodeDeps,
  settings: RecoverNodeSettings,
  signal: AbortSignal,
): Promise<RecoveryOutcome> {
  const unfinished = await readUnfinished(deps.folders.raft);
  if (unfinished) {
    if (!settings.acceptDataLoss) return { type: "unfinished", recovered: unfinished };
    await finish(deps, unfinished);
    return { type: "recovered", recovered: unfinished, survivor: undefined };
  }
  const plan = await prepare(deps, settings, signal);
  const { survivor, hardState: recovered } = plan;
  if (!settings.acceptDataLoss) return { type: "planned", survivor };
  await finish(deps, recovered);
  return { type: "recovered", recovered, survivor };
}

async function readUnfinished(directory: Directory): Promise<HardState | undefined> {
  const found = await HardStateFile.open(directory, RECOVERING_HARD_STATE_FILE);
  switch (found.type) {
    case "absent":
      return undefined;
    case "damaged":
      throw new FailedPreconditionError(
        `a recovery was broken off, and its file is damaged: file=${RECOVERING_HARD_STATE_FILE}`,
      );
    case "valid":
      await found.value.file[Symbol.asyncDispose]();
      return found.value.state;
    default:
      return assertNever(found);
  }
}

/** Looks at the survivor and, if it is to be, builds its new state and makes it count, with the log open: no server starts meanwhile. */
async function prepare(
  deps: RecoverNodeDeps,
  settings: RecoverNodeSettings,
  signal: AbortSignal,
): Promise<Recovery> {
  const { folders, openSnapshots, openKv, clock } = deps;
  const stateMachine = deps.newStateMachine();
  const snapshots = new SnapshotStore({ directory: await openSnapshots(SNAPSHOTS_FOLDER), clock });
  const examined = await examineStorage(
    { directory: folders.raft, openKv, snapshots },
    settings.cluster,
    stateMachine,
  );
  if (examined.type === "unreadable") {
    throw new FailedPreconditionError("a start refuses these files too: reason=UNREADABLE", {
      cause: examined.cause,
    });
  }
  try {
    const plan = await planFrom(examined, stateMachine, deps, settings, signal);
    if (settings.acceptDataLoss) {
      await buildState(plan, stateMachine, deps, settings, signal);
      await beginSwap(folders);
    }
    return plan;
  } finally {
    await closeExamined(examined);
  }
}

async function planFrom(
  { plan, log, hardState, identity, snapshot, ...examined }: ExaminedStorage,
  stateMachine: StateMachine<unknown>,
  { folders, clock, onStep }: RecoverNodeDeps,
  { cluster }: RecoverNodeSettings,
  signal: AbortSignal,
): Promise<Recovery> {
  if (plan.type !== "start") throw new FailedPreconditionError(refusedText(plan, identity));
  invariant(hardState.type === "valid", "a log without hard state could be started");
  const onApplied = (progress: { applied: number; of: number }): void =>
    onStep({ type: "applying", ...progress });
  const named = await followLog(
    { log, stateMachine, clock, onApplied },
    { from: snapshot, end: plan.end },
    signal,
  );
  const survivorPlan = planSurvivor({
    cluster,
    hardState: hardState.value,
    snapshotIndex: snapshot.index,
    end: plan.end,
    membership: named ?? examined.membership,
    isMembershipOfSettings: named === undefined && examined.isMembershipOfSettings,
    inTheWay: namesInTheWay(await listFolders(folders), identity.recoveryEpoch + 1),
  });
  if (survivorPlan.type === "refuse") throw new FailedPreconditionError(survivorPlan.reason);
  return survivorPlan;
}

async function finish(
  { folders, openSnapshots, clock, onStep }: RecoverNodeDeps,
  { identity, witness }: HardState,
): Promise<void> {
  onStep({ type: "swapping" });
  await finishSwap(folders, identity.recoveryEpoch, async () => {
    const snapshots = new SnapshotStore({ directory: await openSnapshots(SNAPSHOTS_FOLDER), clock });
    await expectSnapshot(snapshots, { identity, witness });
  });
}

/** Another call may have been given another folder. */
async function expectSnapshot(
  snapshots: SnapshotStore,
  { identity, witness }: Pick<HardState, "identity" | "witness">,
): Promise<void> {
  const problem = `the new snapshot is not in the folder of the snapshots, give the same -metastore.raft.snapshots-dir: index=${witness.index}`;
  let header;
  try {
    header = await snapshots.read(witness.index, () => {});
  } catch (error) {
    throw new FailedPreconditionError(problem, { cause: error });
  }
  const isNew = isSameIdentity(header.identity, identity) && header.position.chain === witness.chain;
  if (!isNew) throw new FailedPreconditionError(problem);
}
