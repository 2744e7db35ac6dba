import { defineSettings, setting, type SettingsOf } from "@hearth/config";
import { compactionFields } from "./compaction/config.ts";
import { orphanFields } from "./orphans/config.ts";
import { parseMetastoreSnapshotKey } from "@hearth/object-store";

export type MetastoreSettings = SettingsOf<typeof metastoreSettings>;

export const metastoreSettings = defineSettings(
  "Metastore",
  {
    dataDir: setting.string({
      flag: "metastore.data-dir",
      default: "./data/v2/metastore/data",
      doc: "Directory for what the metastore may lose. Its state lives in memory, rebuilt from snapshot and log: nothing is kept here now.",
    }),
    minReadyDurationMs: setting.durationMs({
      flag: "metastore.min-ready-duration",
      default: "15s",
      doc: "How long a node must have been in step before it says that it is ready. A node without peers does not wait.",
    }),
    raftDir: setting.string({
      flag: "metastore.raft.dir",
      default: "./data/v2/metastore/raft",
      common: true,
      doc: "Directory of the log and of what a node must not forget. It must survive restarts.",
    }),
    snapshotsDir: setting.string({
      flag: "metastore.raft.snapshots-dir",
      default: "./data/v2/metastore/raft",
      common: true,
      doc: "Directory of the snapshots, in a folder named snapshots. It must survive restarts.",
    }),
    serverId: setting.string({
      flag: "metastore.raft.server-id",
      default: "localhost:9099",
      doc: "Name of this node among its peers: host:port, at which they reach it. The files of a node carry it: they are refused under another name.",
    }),
    bootstrapPeers: setting.list({
      flag: "metastore.raft.bootstrap-peers",
      default: [],
      doc: "Names of the nodes that begin the cluster, host:port each. Without any, the node is a cluster of its own.",
    }),
    bindAddress: setting.string({
      flag: "metastore.raft.bind-address",
      default: "",
      doc: "Where to listen for other metastore nodes, host:port. When empty, a node with peers takes the port of its name, and a node without peers does not listen.",
    }),
    tlsCaPath: setting.string({
      flag: "metastore.raft.tls-ca-path",
      default: "",
      doc: "PEM file with the authority whose certificates other nodes must show. With it, and the next two, traffic between nodes is encrypted and both sides prove who they are.",
    }),
    tlsCertPath: setting.string({
      flag: "metastore.raft.tls-cert-path",
      default: "",
      doc: "PEM file with the certificate of this node, made out to the host of its name.",
    }),
    tlsKeyPath: setting.string({
      flag: "metastore.raft.tls-key-path",
      default: "",
      doc: "PEM file with the private key of this node, not encrypted.",
    }),
    applyTimeoutMs: setting.durationMs({
      flag: "metastore.raft.apply-timeout",
      default: "5s",
      min: "1ms",
      doc: "How long a command may take until it is durable and applied.",
    }),
    snapshotIntervalMs: setting.durationMs({
      flag: "metastore.raft.snapshot-interval",
      default: "3m",
      min: "1s",
      doc: "How often to see whether a snapshot is due.",
    }),
    snapshotThreshold: setting.int({
      flag: "metastore.raft.snapshot-threshold",
      default: 8_192,
      min: 1,
      doc: "A snapshot is due after this many entries, or after 256 MiB of them.",
    }),
    snapshotsRetain: setting.int({
      flag: "metastore.raft.snapshots-retain",
      default: 3,
      min: 1,
      doc: "Snapshots to keep.",
    }),
    trailingLogs: setting.int({
      flag: "metastore.raft.trailing-logs",
      default: 18_432,
      min: 0,
      doc: "Entries that stay in the log behind a snapshot, so that a node that lags need not be sent the snapshot, and an older snapshot can stand in for a damaged one.",
    }),
    snapshotCompression: setting.choice({
      flag: "metastore.snapshot-compression",
      oneOf: ["zstd", "none"],
      default: "zstd",
      doc: "How snapshots are compressed: zstd or none.",
    }),
    snapshotRateLimitMb: setting.float({
      flag: "metastore.snapshot-rate-limit",
      default: 15,
      min: 0,
      doc: "Megabytes a second that writing a snapshot may take from the disk. 0: no limit.",
    }),
    snapshotsImportDir: setting.string({
      flag: "metastore.raft.snapshots-import-dir",
      default: "",
      doc: "Folder with a snapshot, or a copy of one from the bucket, that an empty metastore begins with. Nodes with peers must all be given the same. To be left out once it has started.",
    }),
    snapshotsImportKey: setting.string({
      flag: "metastore.raft.snapshots-import-key",
      default: "",
      doc: "The same from the bucket: name of the object, metastore/snapshots/{cluster}/{index}-{term}.bin.",
    }),
    backupEnabled: setting.bool({
      flag: "metastore.backup.enabled",
      default: false,
      doc: "Whether the leader copies each snapshot to the bucket, under metastore/snapshots/.",
    }),
    backupSnapshotsRetain: setting.int({
      flag: "metastore.backup.snapshots-retain",
      default: 3,
      min: 1,
      doc: "Copies of snapshots to keep in the bucket.",
    }),
    backupTimeoutMs: setting.durationMs({
      flag: "metastore.backup.timeout",
      default: "5m",
      min: "1s",
      doc: "How long copying one snapshot may take.",
    }),
    deadLetterIntervalMs: setting.durationMs({
      flag: "metastore.index.dlq-recovery-check-interval",
      default: "15s",
      doc: "How often to look for blocks that could not be registered when they were written. 0: never.",
    }),
    ...compactionFields,
    ...orphanFields,
  },
  ({
    tlsCaPath,
    tlsCertPath,
    tlsKeyPath,
    raftDir,
    snapshotsDir,
    serverId,
    snapshotsImportDir,
    snapshotsImportKey,
  }) => [
    ...(new Set([tlsCaPath === "", tlsCertPath === "", tlsKeyPath === ""]).size === 1
      ? []
      : ["-metastore.raft.tls-ca-path, -tls-cert-path and -tls-key-path must be given together"]),
    ...(raftDir === "" ? ["-metastore.raft.dir must not be empty"] : []),
    ...(snapshotsDir === "" ? ["-metastore.raft.snapshots-dir must not be empty"] : []),
    ...(/^[^\s/]{1,200}$/u.test(serverId)
      ? []
      : ["-metastore.raft.server-id must be a name without spaces and slashes, at most 200 characters"]),
    ...(snapshotsImportDir === "" || snapshotsImportKey === ""
      ? []
      : ["-metastore.raft.snapshots-import-dir and -snapshots-import-key must not both be given"]),
    ...(snapshotsImportKey === "" || parseMetastoreSnapshotKey(snapshotsImportKey)
      ? []
      : [
          "-metastore.raft.snapshots-import-key must be the name of an object, metastore/snapshots/{cluster}/{index}-{term}.bin",
        ]),
  ],
);
