import { assertNever, DataLossError, FailedPreconditionError } from "@hearth/errors";
import type { LogPosition } from "@hearth/raft";
import type { DirectoryFile } from "../disk/directory.ts";
import { HardStateFile, type HardState } from "../replicated-log/hard-state.ts";
import { LogStore, type Stored } from "../replicated-log/log-store.ts";
import type { ClusterSettings, StorageDeps } from "../replicated-log/open-storage.ts";
import type { StateMachine } from "../replicated-log/replicated-log.ts";
import { readSnapshot, type SnapshotHeader } from "../replicated-log/snapshot-file.ts";
import type { ImportSource } from "./import-source.ts";
import { planImport, type ImportPlan } from "./plan-import.ts";

export interface ImportDeps extends Pick<StorageDeps, "directory" | "openKv" | "snapshots"> {
  /** Takes the state in on its way, to see that it makes sense. Not the one that the metastore answers from. */
  readonly stateMachine: StateMachine<unknown>;
}

export type ImportOutcome =
  | { readonly type: "imported"; readonly position: LogPosition; readonly sizeBytes: number }
  /** This metastore began with this snapshot before. */
  | { readonly type: "imported-before" };

const DIGEST_BYTES = 32;

/**
 * Makes a snapshot the first state of an empty metastore; to be called before its files are opened. Every byte of it is
 * checked, and that it decodes, before anything is written. Broken off anywhere, it leaves a metastore that either is still
 * empty for a second call or refuses to start without one: never one that starts without the data.
 *
 * @throws {FailedPreconditionError} when the metastore is not empty, or there is no snapshot that is whole.
 * @throws {KvLockedError} when another process uses the files; and errors of the disk and of the bucket.
 */
export async function importSnapshot(
  deps: ImportDeps,
  cluster: ClusterSettings,
  source: ImportSource,
  signal: AbortSignal,
): Promise<ImportOutcome> {
  try {
    return await importFrom(deps, cluster, source, signal);
  } catch (error) {
    if (!(error instanceof FailedPreconditionError || error instanceof DataLossError)) throw error;
    const problem = `snapshot is not imported: ${error.message}: source=${source.name}`;
    throw new FailedPreconditionError(problem, { cause: error });
  }
}

async function importFrom(
  deps: ImportDeps,
  cluster: ClusterSettings,
  source: ImportSource,
  signal: AbortSignal,
): Promise<ImportOutcome> {
  await using file = await source.open(signal);
  const { header, digest } = await takeIn(file, deps.stateMachine);
  const plan = planImport({
    cluster,
    snapshot: { digest, position: header.position },
    hardState: await readHardState(deps),
    logIsEmpty: await isLogEmpty(deps),
    snapshotIndexes: await deps.snapshots.indexes(),
  });
  switch (plan.type) {
    case "refuse":
      throw new FailedPreconditionError(plan.reason);
    case "imported":
      return { type: "imported-before" };
    case "import":
      return carryOut(plan, deps, header, signal);
    default:
      return assertNever(plan);
  }
}

/** The hard state comes last: it says that the snapshot is durable. */
async function carryOut(
  { identity, membership, hardState }: Extract<ImportPlan, { type: "import" }>,
  { directory, snapshots, stateMachine }: ImportDeps,
  { position, compression }: SnapshotHeader,
  signal: AbortSignal,
): Promise<ImportOutcome> {
  const header = { identity, position, membership, compression };
  const sizeBytes = await snapshots.write(header, stateMachine.capture(), Infinity, signal);
  const file = await HardStateFile.create(directory, hardState);
  await file[Symbol.asyncDispose]();
  return { type: "imported", position, sizeBytes };
}

/** @throws {DataLossError} when the file or the state in it is not whole. */
async function takeIn(
  file: DirectoryFile,
  stateMachine: StateMachine<unknown>,
): Promise<{ header: SnapshotHeader; digest: string }> {
  const restore = stateMachine.restore();
  const header = await readSnapshot(file, (frame) => restore.add(frame));
  restore.finish();
  const sizeBytes = await file.sizeBytes();
  const digest = await file.readAt(sizeBytes - DIGEST_BYTES, DIGEST_BYTES);
  return { header, digest: Buffer.from(digest).toString("hex") };
}

async function readHardState({ directory }: ImportDeps): Promise<Stored<HardState>> {
  const found = await HardStateFile.open(directory);
  if (found.type !== "valid") return found;
  await found.value.file[Symbol.asyncDispose]();
  return { type: "valid", value: found.value.state };
}

async function isLogEmpty({ openKv }: ImportDeps): Promise<boolean> {
  await using log = new LogStore(await openKv());
  const head = [await log.identity(), await log.start()];
  for await (const _ of log.entries(0)) return false;
  return head.every(({ type }) => type === "absent");
}
