import { join } from "node:path";
import { openLevelStore } from "@hearth/kv-store";
import type { Clock } from "@hearth/runtime";
import type { MetastoreSettings } from "./config.ts";
import { openDirectory, type Directory } from "./disk/directory.ts";
import type { ClusterSettings, StorageDeps } from "./replicated-log/open-storage.ts";
import { SnapshotStore } from "./replicated-log/snapshot-store.ts";

/** Where the settings say that a node's files are, and who it is. */

const CLUSTER_NAME = "metastore";
/** LevelDB, below the folder of the log. */
export const LOG_FOLDER = "log";
/** Below the folder of the snapshots, which may be that of the log. */
export const SNAPSHOTS_FOLDER = "snapshots";

export type NodeFolders = Pick<MetastoreSettings, "raftDir" | "snapshotsDir">;

export interface NodeFiles extends Pick<StorageDeps, "directory" | "openKv" | "snapshots"> {
  /** Of the snapshots. */
  readonly snapshotsDirectory: Directory;
}

/** The files of a node; folders that are not there are made. Nothing is read yet. */
export async function openNodeFiles(
  { raftDir, snapshotsDir }: NodeFolders,
  clock: Clock,
): Promise<NodeFiles> {
  const directory = await openDirectory(raftDir);
  const snapshotsDirectory = await openDirectory(join(snapshotsDir, SNAPSHOTS_FOLDER));
  const snapshots = new SnapshotStore({ directory: snapshotsDirectory, clock });
  return {
    directory,
    openKv: () => openLevelStore(join(raftDir, LOG_FOLDER)),
    snapshots,
    snapshotsDirectory,
  };
}

export function clusterOf({
  serverId,
  bootstrapPeers,
}: Pick<MetastoreSettings, "serverId" | "bootstrapPeers">): ClusterSettings {
  return {
    clusterName: CLUSTER_NAME,
    nodeName: serverId,
    initialPeers: bootstrapPeers.length > 0 ? bootstrapPeers : [serverId],
  };
}
