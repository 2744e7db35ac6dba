import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { openLevelStore } from "@hearth/kv-store";
import { FailedPreconditionError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import type { MetastoreSettings } from "../config.ts";
import { openDirectory } from "../disk/directory.ts";
import { InterruptedStateMachine } from "../metastore-state-machine.ts";
import { clusterOf, LOG_FOLDER, SNAPSHOTS_FOLDER } from "../node-files.ts";
import { HARD_STATE_FILE, RECOVERING_HARD_STATE_FILE } from "../replicated-log/hard-state.ts";
import { BUILT_SNAPSHOTS_FOLDER } from "./swap.ts";
import { recoverNode, type RecoveryOutcome, type RecoveryStep } from "./recover-node.ts";

export interface RecoverMetastoreDeps {
  readonly clock: Clock;
  readonly onStep: (step: RecoveryStep) => void;
}

/**
 * Recovers a group whose majority is lost for good from the node whose folders the settings name; see `recoverNode`. No server
 * may run on them.
 *
 * @param acceptDataLoss - without it, nothing is changed: the outcome says what could be done.
 * @throws {FailedPreconditionError} when there is no node, or it cannot be recovered; {KvLockedError} when a server runs.
 */
export async function recoverMetastore(
  { clock, onStep }: RecoverMetastoreDeps,
  settings: MetastoreSettings,
  acceptDataLoss: boolean,
  signal: AbortSignal,
): Promise<RecoveryOutcome> {
  const { raftDir, snapshotsDir, snapshotCompression } = settings;
  await expectNode(raftDir, snapshotsDir);
  return recoverNode(
    {
      folders: { raft: await openDirectory(raftDir), snapshots: await openDirectory(snapshotsDir) },
      openSnapshots: (name) => openDirectory(join(snapshotsDir, name)),
      openKv: () => openLevelStore(join(raftDir, LOG_FOLDER)),
      newStateMachine: () => new InterruptedStateMachine(),
      clock,
      onStep,
    },
    { cluster: clusterOf(settings), snapshotCompression, acceptDataLoss },
    signal,
  );
}

/** A mistyped folder must not be taken for a node's, and made. */
async function expectNode(raftDir: string, snapshotsDir: string): Promise<void> {
  const names = await namesIn(raftDir);
  if (![HARD_STATE_FILE, RECOVERING_HARD_STATE_FILE, LOG_FOLDER].some((name) => names.includes(name))) {
    throw new FailedPreconditionError(`there are no files of a node: raft_dir=${raftDir}`);
  }
  // Every node that ever started has the first; a recovery that was broken off may have only the second.
  const besides = await namesIn(snapshotsDir);
  if (![SNAPSHOTS_FOLDER, BUILT_SNAPSHOTS_FOLDER].some((name) => besides.includes(name))) {
    throw new FailedPreconditionError(`there is no folder of snapshots: snapshots_dir=${snapshotsDir}`);
  }
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
