import { createHash } from "node:crypto";
import { MemoryKvStore, type KvStore } from "@hearth/kv-store";
import { DataLossError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import type { Directory } from "../disk/directory.ts";
import { HARD_STATE_FILE, HardStateFile } from "../replicated-log/hard-state.ts";
import { closeExamined, examineStorage, type ClusterSettings } from "../replicated-log/open-storage.ts";
import type { StateMachine } from "../replicated-log/replicated-log.ts";
import type { SnapshotCompression } from "../replicated-log/snapshot-file.ts";
import { SnapshotStore } from "../replicated-log/snapshot-store.ts";
import type { Recovery } from "./plan-survivor.ts";
import { asideName, BUILT_HARD_STATE_FILE, BUILT_SNAPSHOTS_FOLDER, type Folders } from "./swap.ts";

export interface BuildDeps {
  readonly folders: Folders<Directory>;
  /** A folder in that of the snapshots; made if it is not there. */
  readonly openSnapshots: (name: string) => Promise<Directory>;
  readonly newStateMachine: () => StateMachine<unknown>;
  readonly clock: Clock;
  readonly onStep: (step: { readonly type: "writing" | "checking" }) => void;
}

export interface BuildSettings {
  readonly cluster: ClusterSettings;
  readonly snapshotCompression: SnapshotCompression;
}

/**
 * Writes the state of a recovered node beside the old one: a snapshot and a hard state, which is all that a start needs. It is
 * durable then, and was opened as a start would. What an earlier call left is replaced; the old state stays as it is.
 *
 * @param stateMachine - stands at the end of the log.
 * @throws {DataLossError} when something else is read back; errors of the disk; the reason of `signal`.
 */
export async function buildState(
  recovery: Recovery,
  stateMachine: StateMachine<unknown>,
  deps: BuildDeps,
  settings: BuildSettings,
  signal: AbortSignal,
): Promise<void> {
  const directory = await deps.openSnapshots(BUILT_SNAPSHOTS_FOLDER);
  const snapshots = new SnapshotStore({ directory, clock: deps.clock });
  deps.onStep({ type: "writing" });
  for (const name of await directory.list()) await directory.remove(name);
  await write(recovery, stateMachine, { ...deps, snapshots }, settings, signal);
  deps.onStep({ type: "checking" });
  await check(recovery, stateMachine, { ...deps, snapshots }, settings);
}

type WithSnapshots = BuildDeps & { readonly snapshots: SnapshotStore };

async function write(
  { survivor, hardState, membership }: Recovery,
  stateMachine: StateMachine<unknown>,
  { folders, snapshots }: WithSnapshots,
  { snapshotCompression: compression }: BuildSettings,
  signal: AbortSignal,
): Promise<void> {
  const { identity } = hardState;
  const header = { identity, position: survivor.end, membership, compression };
  await snapshots.write(header, stateMachine.capture(), Infinity, signal);
  await folders.snapshots.sync();
  // A copy: the last step of the swap replaces the old one.
  await copyFile(folders.raft, HARD_STATE_FILE, asideName(HARD_STATE_FILE, identity.recoveryEpoch));
  const file = await HardStateFile.create(folders.raft, hardState, BUILT_HARD_STATE_FILE);
  await file[Symbol.asyncDispose]();
}

async function check(
  { survivor, membership }: Recovery,
  stateMachine: StateMachine<unknown>,
  { folders, snapshots, newStateMachine }: WithSnapshots,
  { cluster }: BuildSettings,
): Promise<void> {
  // The new log is empty: a start makes it.
  const openKv = async (): Promise<KvStore> => new MemoryKvStore();
  const files = { directory: folders.raft, hardStateName: BUILT_HARD_STATE_FILE, openKv, snapshots };
  const restored = newStateMachine();
  const examined = await examineStorage(files, cluster, restored);
  if (examined.type === "unreadable") throw examined.cause;
  await closeExamined(examined);
  const isWhole =
    examined.plan.type === "start" &&
    examined.plan.end.index === survivor.end.index &&
    examined.plan.end.chain === survivor.end.chain &&
    JSON.stringify(examined.membership) === JSON.stringify(membership) &&
    digestOf(restored) === digestOf(stateMachine);
  if (!isWhole) throw new DataLossError("what was written is not what was read back: nothing was changed");
}

async function copyFile(directory: Directory, from: string, to: string): Promise<void> {
  const source = await directory.open(from);
  if (!source) throw new DataLossError(`a file is gone: file=${from}`);
  await using _source = source;
  await using copy = await directory.create(to);
  await copy.writeAt(0, await source.readAt(0, await source.sizeBytes()));
  await copy.sync();
}

/** Equal for equal states. */
function digestOf(stateMachine: StateMachine<unknown>): string {
  const hash = createHash("sha256");
  for (const frame of stateMachine.capture()) hash.update(`${frame.length}:`).update(frame);
  return hash.digest("hex");
}
