import { isMember, membersOf, nameOf, type LogPosition, type Membership } from "@hearth/raft";
import type { HardState } from "../replicated-log/hard-state.ts";
import { firstIdentity, type Identity } from "../replicated-log/identity.ts";
import type { ClusterSettings } from "../replicated-log/open-storage.ts";
import type { RecoveryPlan } from "../replicated-log/recovery.ts";

/**
 * A group whose majority is lost for good goes on from one node that is left. What its log has, to the end, counts as
 * committed: of the last entries nobody can tell whether they were acknowledged, and keeping too much is the safe side. It
 * becomes the only voter of another life of the same cluster, a recovery epoch later: nodes of the old life, which may have
 * promised other things, are neither heard nor answered.
 */
export interface SurvivorFindings {
  readonly cluster: ClusterSettings;
  readonly hardState: HardState;
  /** What the snapshot holds that the log goes on from. */
  readonly snapshotIndex: number;
  /** The last entry of the log. */
  readonly end: LogPosition;
  /** In force at `end`. */
  readonly membership: Membership;
  /** Whether neither a snapshot nor the log says who the members are, so that `membership` is that of the settings. */
  readonly isMembershipOfSettings: boolean;
  /** What earlier recoveries put aside under the names that this one needs. */
  readonly inTheWay: readonly string[];
}

/** What a person must know to decide. */
export interface Survivor {
  readonly identity: Identity;
  /** Of the hard state: the latest that the node has heard of. */
  readonly term: number;
  readonly snapshotIndex: number;
  readonly end: LogPosition;
  readonly membership: Membership;
  /** Names of the other members, which must begin with empty folders. */
  readonly toWipe: readonly string[];
}

export interface Recovery {
  readonly type: "recover";
  readonly survivor: Survivor;
  /** With the identity of the new life. */
  readonly hardState: HardState;
  readonly membership: Membership;
}

export type SurvivorPlan = Recovery | { readonly type: "refuse"; readonly reason: string };

/** Why files that no start would go on from cannot be recovered either. */
export function refusedText(plan: Exclude<RecoveryPlan, { type: "start" }>, identity: Identity): string {
  if (plan.type === "first-boot") return "there are no files of a node";
  const { nodeId, clusterId, recoveryEpoch } = identity;
  return `a start refuses these files too: reason=${plan.reason} node=${nodeId} cluster=${clusterId} epoch=${recoveryEpoch}`;
}

export function planSurvivor(findings: SurvivorFindings): SurvivorPlan {
  const { hardState, membership, end, snapshotIndex } = findings;
  const { identity, term } = hardState;
  const reason = survivorProblem(findings);
  if (reason !== undefined) return { type: "refuse", reason };
  const others = membersOf(membership).map(nameOf);
  const toWipe = [...new Set(others)].filter((name) => name !== nameOf(identity.nodeId)).toSorted();
  return {
    type: "recover",
    survivor: { identity, term, snapshotIndex, end, membership, toWipe },
    hardState: {
      identity: { ...identity, recoveryEpoch: identity.recoveryEpoch + 1 },
      // A crash may leave entries of a term that the hard state does not have yet.
      term: Math.max(term, end.term),
      vote: term >= end.term ? hardState.vote : undefined,
      witness: { index: end.index, chain: end.chain },
    },
    membership: { voters: [identity.nodeId], outgoing: [], learners: [] },
  };
}

function survivorProblem(findings: SurvivorFindings): string | undefined {
  const { cluster, hardState, membership, inTheWay } = findings;
  const { nodeId, clusterId } = hardState.identity;
  const { clusterName: name, initialPeers: peers, nodeName } = cluster;
  if (findings.isMembershipOfSettings && firstIdentity({ name, peers, nodeName }).clusterId !== clusterId) {
    return "the cluster began with other peers than the settings name: give -metastore.raft.bootstrap-peers as the server has them";
  }
  if (!isMember(membership, nodeId)) return `the node is not a member of the group: node=${nodeId}`;
  if (membership.outgoing.length === 0 && membership.voters.every((voter) => voter === nodeId)) {
    return `the node is the only voter, and needs no others: start it: node=${nodeId}`;
  }
  if (inTheWay.length > 0) return `move away what an earlier recovery put aside: ${inTheWay.join(", ")}`;
  return undefined;
}
