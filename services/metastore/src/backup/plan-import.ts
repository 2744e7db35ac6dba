import { createHash } from "node:crypto";
import type { LogPosition, Membership } from "@hearth/raft";
import type { HardState } from "../replicated-log/hard-state.ts";
import { bootstrapMembership, firstIdentity, type Identity } from "../replicated-log/identity.ts";
import type { Stored } from "../replicated-log/log-store.ts";
import type { ClusterSettings } from "../replicated-log/open-storage.ts";

/**
 * Whether a snapshot of another metastore may be the first state of this one, and who this one is then. It keeps the data
 * and the place in the log, and neither the members nor the identity: the cluster is a new one, whose id follows from the
 * settings and from the snapshot. So nodes that begin with the same snapshot belong together, and none of them ever talks
 * to a node that began with another, with none, or that is of the cluster from which the snapshot comes.
 */
export interface ImportFindings {
  readonly cluster: ClusterSettings;
  readonly snapshot: {
    /** SHA-256 in the footer of the file, in hex. */
    readonly digest: string;
    readonly position: LogPosition;
  };
  readonly hardState: Stored<HardState>;
  readonly logIsEmpty: boolean;
  /** Indexes of the snapshots that this metastore has files of. */
  readonly snapshotIndexes: readonly number[];
}

export type ImportPlan =
  /** The snapshot is written with this identity and membership, then the hard state: that makes it count. */
  | {
      readonly type: "import";
      readonly identity: Identity;
      readonly membership: Membership;
      readonly hardState: HardState;
    }
  /** This metastore began with this very snapshot: there is nothing to do. */
  | { readonly type: "imported" }
  | { readonly type: "refuse"; readonly reason: string };

export function planImport(findings: ImportFindings): ImportPlan {
  const { cluster, snapshot, hardState } = findings;
  const identity = importedIdentity(cluster, snapshot.digest);
  switch (hardState.type) {
    case "valid":
      return hardState.value.identity.clusterId === identity.clusterId
        ? { type: "imported" }
        : refuse("the metastore is not empty");
    case "damaged":
      return refuse("the metastore is not empty, and its hard state is damaged");
    case "absent":
      break;
  }
  if (!findings.logIsEmpty) return refuse("the metastore is not empty: it has a log");
  // An import that broke off may have left its own.
  const { index, term, chain } = snapshot.position;
  if (findings.snapshotIndexes.some((other) => other !== index)) {
    return refuse("the metastore is not empty: it has snapshots");
  }
  return {
    type: "import",
    identity,
    membership: bootstrapMembership(cluster.initialPeers),
    hardState: { identity, term, vote: undefined, witness: { index, chain } },
  };
}

/** The identity of a node that begins with a snapshot. The same settings and the same file make the same cluster. */
export function importedIdentity(cluster: ClusterSettings, digest: string): Identity {
  const { clusterName: name, initialPeers: peers, nodeName } = cluster;
  const fresh = firstIdentity({ name, peers, nodeName });
  const clusterId = createHash("sha256")
    .update(`${fresh.clusterId}\nbegun with snapshot\n${digest}`)
    .digest("hex")
    .slice(0, fresh.clusterId.length);
  return { ...fresh, clusterId };
}

function refuse(reason: string): ImportPlan {
  return { type: "refuse", reason };
}
