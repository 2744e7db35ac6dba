import { assertNever } from "@hearth/errors";
import { isSameIdentity, nodeName, type Identity } from "./identity.ts";
import { follows } from "./log-entry.ts";
import type { LogEntry, LogPosition } from "@hearth/raft";
import type { HardState } from "./hard-state.ts";
import type { Stored } from "./log-store.ts";

/**
 * What a node does with the files that it finds when it starts. It never guesses: when an entry that it acknowledged may be
 * missing, it refuses, since to answer without it would be to lie.
 */

export interface RecoveryFindings {
  /** How this node is called now. */
  readonly nodeName: string;
  /** Whether a recovery of a lost majority was broken off while it swapped the folders. */
  readonly hasUnfinishedRecovery: boolean;
  readonly hardState: Stored<HardState>;
  /** The state was found to differ from that of the group. */
  readonly hasDiverged: boolean;
  /** Identities in the verified snapshots. */
  readonly snapshotIdentities: readonly Identity[];
  /** Whether there are snapshot files at all, whole or damaged. */
  readonly hasSnapshotFiles: boolean;
  /** The newest verified snapshot, or the empty state that every log begins with. */
  readonly snapshot: LogPosition;
  readonly log: LogFindings;
}

export interface LogFindings {
  readonly identity: Stored<Identity>;
  /** The position before the first entry. */
  readonly start: Stored<LogPosition>;
  readonly hasEntries: boolean;
  readonly chain: ChainFindings;
}

/** How far the log can be believed from a snapshot on. */
export interface ChainFindings {
  /** Entries after the snapshot up to here are whole, without a gap, and follow from it. */
  readonly end: LogPosition;
  /** The chain value at the witness; undefined when the witness is not within `(snapshot, end]`. */
  readonly chainAtWitness: number | undefined;
  /** Whether the entries between the start of the log and the snapshot are whole and lead to it. */
  readonly leadsToSnapshot: boolean;
}

export type RefusalReason =
  | "RECOVERY_UNFINISHED"
  | "STATE_DIVERGED"
  | "IDENTITY_DIFFERS"
  | "HARD_STATE_LOST"
  | "LOG_STORE_LOST"
  | "SNAPSHOT_LOST"
  | "ACKED_LOG_LOST"
  | "UNREADABLE";

export type RecoveryPlan =
  | { readonly type: "first-boot" }
  | { readonly type: "refuse"; readonly reason: RefusalReason }
  | {
      readonly type: "start";
      /** The log is kept up to here; what comes after is torn and removed. */
      readonly end: LogPosition;
      /** Set when the start of the log must be written anew: to begin after the snapshot. */
      readonly moveStart: LogPosition | undefined;
    };

/** The recovery table, top down. */
export function planRecovery(findings: RecoveryFindings): RecoveryPlan {
  const { hardState, log, snapshot } = findings;
  if (findings.hasUnfinishedRecovery) return refuse("RECOVERY_UNFINISHED");
  if (findings.hasDiverged) return refuse("STATE_DIVERGED");
  const logIsEmpty = log.identity.type === "absent" && log.start.type === "absent" && !log.hasEntries;
  switch (hardState.type) {
    case "absent":
      return logIsEmpty && !findings.hasSnapshotFiles ? { type: "first-boot" } : refuse("HARD_STATE_LOST");
    case "damaged":
      return refuse("HARD_STATE_LOST");
    case "valid":
      break;
    default:
      return assertNever(hardState);
  }
  const { identity, witness } = hardState.value;
  if (!hasOneIdentity(identity, findings, logIsEmpty)) return refuse("IDENTITY_DIFFERS");
  if (logIsEmpty && witness.index > snapshot.index) return refuse("LOG_STORE_LOST");
  if (log.start.type === "valid" && log.start.value.index > snapshot.index) return refuse("SNAPSHOT_LOST");
  const isWhole = witness.index <= snapshot.index || log.chain.chainAtWitness === witness.chain;
  if (!isWhole) return refuse("ACKED_LOG_LOST");
  const keepsStart = log.start.type === "valid" && log.chain.leadsToSnapshot;
  return { type: "start", end: log.chain.end, moveStart: keepsStart ? undefined : snapshot };
}

/** Follows the entries of a log, which begin after its start, or with the first that is there. */
export class ChainFollower {
  readonly #from: ChainOrigin;
  #hasEntries = false;
  #before: LogPosition | undefined;
  #end: LogPosition | undefined;
  #lastFollowed: LogPosition;
  #chainAtWitness: number | undefined;

  constructor(from: ChainOrigin) {
    this.#from = from;
    this.#before = from.start;
    this.#end = from.snapshot;
    this.#lastFollowed = from.snapshot;
  }

  /** @returns whether entries after this one can still say something. */
  add(index: number, entry: LogEntry | undefined): boolean {
    this.#hasEntries = true;
    if (index <= this.#from.snapshot.index) {
      this.#before = entry && this.#before && follows(entry, this.#before) ? entry : undefined;
      return true;
    }
    this.#end = entry && this.#end && follows(entry, this.#end) ? entry : undefined;
    if (!this.#end) return false;
    this.#lastFollowed = this.#end;
    if (index === this.#from.witnessIndex) this.#chainAtWitness = this.#end.chain;
    return true;
  }

  findings(): ChainFindings & { hasEntries: boolean } {
    const { snapshot } = this.#from;
    return {
      end: positionOf(this.#lastFollowed),
      chainAtWitness: this.#chainAtWitness,
      leadsToSnapshot: this.#before?.index === snapshot.index && this.#before.chain === snapshot.chain,
      hasEntries: this.#hasEntries,
    };
  }
}

export interface ChainOrigin {
  /** The place before the first entry; undefined when it cannot be read. */
  readonly start: LogPosition | undefined;
  readonly snapshot: LogPosition;
  readonly witnessIndex: number;
}

function hasOneIdentity(identity: Identity, findings: RecoveryFindings, logIsEmpty: boolean): boolean {
  if (nodeName(identity) !== findings.nodeName) return false;
  // Snapshots travel between nodes: of those, only the cluster must agree.
  const isForeign = (other: Identity): boolean =>
    other.clusterId !== identity.clusterId || other.recoveryEpoch !== identity.recoveryEpoch;
  if (findings.snapshotIdentities.some(isForeign)) return false;
  if (logIsEmpty) return true;
  return findings.log.identity.type === "valid" && isSameIdentity(findings.log.identity.value, identity);
}

function positionOf({ index, term, chain }: LogPosition): LogPosition {
  return { index, term, chain };
}

function refuse(reason: RefusalReason): RecoveryPlan {
  return { type: "refuse", reason };
}
