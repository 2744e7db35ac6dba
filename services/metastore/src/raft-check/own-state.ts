import type { RaftNode } from "../raft-node/raft-node.ts";
import type { RaftReplicatedLog } from "../raft-node/raft-replicated-log.ts";

/** What is asked of the log here. */
export interface CheckedLog extends Pick<RaftReplicatedLog<unknown>, "identity" | "status" | "stopDiverged"> {
  readonly node: Pick<RaftNode<unknown>, "membership" | "checkpoints"> | undefined;
}

/** About the state at a checkpoint, between nodes. */
export interface StateQuestion {
  /** Version of the state machine of the node that asks: digests of different versions are not comparable. */
  readonly stateVersion: number;
  /** Of a checkpoint; 0 when only the version is asked for. */
  readonly index: number;
  /** What a quorum has there; undefined while that is not known. */
  readonly agreedDigest: string | undefined;
}

export interface StateAnswer {
  /** The newest version of commands that the node can apply. */
  readonly stateVersion: number;
  /** Undefined when it does not know, or is of another version. */
  readonly digest: string | undefined;
}

/**
 * What this node says of its state. When it is told that a quorum has another one, it ends; the answer comes when that cannot be
 * undone by a restart.
 *
 * @throws errors of the disk; the node has ended all the same.
 */
export async function answerState(
  log: CheckedLog,
  stateVersion: number,
  question: StateQuestion,
): Promise<StateAnswer> {
  if (question.stateVersion !== stateVersion) return { stateVersion, digest: undefined };
  const { index, agreedDigest } = question;
  const digest = log.node?.checkpoints.find((checkpoint) => checkpoint.index === index)?.digest;
  if (digest !== undefined && agreedDigest !== undefined && digest !== agreedDigest) {
    await log.stopDiverged(
      `index=${index} digest=${digest} quorum_digest=${agreedDigest}: ` +
        "empty the folders of this node and start it, and it comes back as a new member",
    );
  }
  return { stateVersion, digest };
}
