import type { Directory } from "../disk/directory.ts";
import { LOG_FOLDER, SNAPSHOTS_FOLDER } from "../node-files.ts";
import { HARD_STATE_FILE, RECOVERING_HARD_STATE_FILE } from "../replicated-log/hard-state.ts";

/**
 * Putting the recovered state in the place of the old one. Snapshots and log may be on different disks, so this takes
 * several renames; what makes it one step is the hard state:
 *
 *     hard-state.recovering is not there    the old state counts; what was built beside it means nothing
 *     hard-state.recovering is there        the new state counts, no start goes on, and the renames are to be finished
 *     it is renamed to hard-state           the new state is in place
 *
 * The second begins when all of the new state is on disk and was read back, the third when the old log and the old snapshots
 * are aside. A hard state is there at any time, so nothing in between can be taken for a new node's empty folder.
 */

/** The new hard state until it counts. */
export const BUILT_HARD_STATE_FILE = "hard-state.built";
/** The new snapshot until it is in place; beside the folder of the old ones. */
export const BUILT_SNAPSHOTS_FOLDER = "snapshots.recovering";

/** The two folders of the settings, which may be one. */
export interface Folders<T> {
  /** Of hard state and log. */
  readonly raft: T;
  /** In which the folder of the snapshots is. */
  readonly snapshots: T;
}

/** Names in the folders. */
export type FolderNames = Folders<readonly string[]>;

export interface Rename {
  readonly folder: keyof Folders<unknown>;
  readonly from: string;
  readonly to: string;
}

/** What the old `name` is called from then on. @param epoch - the new one. */
export function asideName(name: string, epoch: number): string {
  return `${name}.before-recovery-${epoch}`;
}

/** What would be overwritten: left from somewhere, since epochs only rise. */
export function namesInTheWay({ raft, snapshots }: FolderNames, epoch: number): string[] {
  const log = asideName(LOG_FOLDER, epoch);
  const old = asideName(SNAPSHOTS_FOLDER, epoch);
  return [...raft.filter((name) => name === log), ...snapshots.filter((name) => name === old)];
}

/** The renames that are left to be done, of log and snapshots. The last one, of the hard state, is not among them. */
export function planSwap({ raft, snapshots }: FolderNames, epoch: number): Rename[] {
  const renames: Rename[] = [];
  const oldLog = asideName(LOG_FOLDER, epoch);
  // A start that was refused may have made an empty log, which can stay.
  if (raft.includes(LOG_FOLDER) && !raft.includes(oldLog)) {
    renames.push({ folder: "raft", from: LOG_FOLDER, to: oldLog });
  }
  // While the new ones wait, what has the name are the old ones, or an empty folder that a refused start made.
  if (snapshots.includes(BUILT_SNAPSHOTS_FOLDER)) {
    const oldSnapshots = asideName(SNAPSHOTS_FOLDER, epoch);
    if (snapshots.includes(SNAPSHOTS_FOLDER) && !snapshots.includes(oldSnapshots)) {
      renames.push({ folder: "snapshots", from: SNAPSHOTS_FOLDER, to: oldSnapshots });
    }
    renames.push({ folder: "snapshots", from: BUILT_SNAPSHOTS_FOLDER, to: SNAPSHOTS_FOLDER });
  }
  return renames;
}

export async function listFolders({ raft, snapshots }: Folders<Directory>): Promise<FolderNames> {
  return { raft: await raft.list(), snapshots: await snapshots.list() };
}

/** From here on the new state counts. All of it must be durable, and the log be closed after this, not before. */
export async function beginSwap({ raft }: Folders<Directory>): Promise<void> {
  await raft.rename(BUILT_HARD_STATE_FILE, RECOVERING_HARD_STATE_FILE);
  await raft.sync();
}

/**
 * Brings a swap that was begun to its end, wherever it was broken off.
 *
 * @param expectNew - throws when the new snapshots are not in place, and ends it before the last step.
 */
export async function finishSwap(
  folders: Folders<Directory>,
  epoch: number,
  expectNew: () => Promise<void>,
): Promise<void> {
  for (const { folder, from, to } of planSwap(await listFolders(folders), epoch)) {
    await folders[folder].rename(from, to);
  }
  await folders.snapshots.sync();
  await folders.raft.sync();
  await expectNew();
  await folders.raft.rename(RECOVERING_HARD_STATE_FILE, HARD_STATE_FILE);
  await folders.raft.sync();
}
