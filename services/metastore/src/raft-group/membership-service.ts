import { create } from "@bufbuild/protobuf";
import { InvalidArgumentError, UnavailableError } from "@hearth/errors";
import {
  GetStatusResponseSchema,
  JoinResponseSchema,
  NodeState,
  RaftMembershipService,
} from "@hearth/proto/hearth/raft/v1";
import { implement, type ServiceRegistration } from "@hearth/rpc";

import { notLeader } from "../raft-node/not-leader.ts";
import type { RaftNode } from "../raft-node/raft-node.ts";
import type { Identity } from "../replicated-log/identity.ts";
import type { LogStatus } from "../replicated-log/replicated-log.ts";
import { FIRST_TERM } from "./first-boot-plan.ts";
import { planJoin } from "./plan-membership.ts";

const MAX_REQUEST_BYTES = 4096;
const NAME = /^[^\s/]{1,200}$/u;

/** What is asked of the log here. */
export interface GroupLog {
  readonly identity: Identity | undefined;
  readonly node:
    | Pick<
        RaftNode<unknown>,
        "status" | "membership" | "isMembershipCommitted" | "peers" | "changeMembership"
      >
    | undefined;
  status(): LogStatus;
}

export interface MembershipServiceDeps {
  readonly log: GroupLog;
  /** The disk was empty at the start, and it is not decided yet who this node is. */
  readonly isEmpty: () => boolean;
}

/** What nodes ask each other outside of the protocol: who is there, and may I come in. */
export function membershipService({ log, isEmpty }: MembershipServiceDeps): ServiceRegistration {
  return implement(
    RaftMembershipService,
    {
      getStatus: () => create(GetStatusResponseSchema, statusOf(log, isEmpty())),
      join: ({ name, nodeId }) => {
        if (!NAME.test(name))
          throw new InvalidArgumentError("name: no spaces and slashes, 1 to 200 characters");
        return create(JoinResponseSchema, join(log, name, nodeId === "" ? undefined : nodeId));
      },
    },
    { readMaxBytes: MAX_REQUEST_BYTES },
  );
}

function statusOf(log: GroupLog, isEmpty: boolean) {
  const { identity, node } = log;
  const { role } = log.status();
  if (role === "corrupt") return { state: NodeState.CORRUPT };
  if (isEmpty) return { state: NodeState.EMPTY };
  // It reads its files, and cannot say yet what they hold.
  if (!identity || !node) throw new UnavailableError("this node of the metastore is starting");
  const { term, leader = "" } = node.status();
  return {
    state: term <= FIRST_TERM ? NodeState.BEGUN : NodeState.MEMBER,
    clusterId: identity.clusterId,
    nodeId: identity.nodeId,
    term: BigInt(term),
    leaderId: leader,
  };
}

function join(log: GroupLog, name: string, nodeId: string | undefined) {
  const { identity, node } = log;
  const status = node?.status();
  if (!identity || !node || status?.role !== "leader") throw notLeader(status?.leader);
  const { membership, isMembershipCommitted: isCommitted, peers } = node;
  const plan = planJoin({ membership, isCommitted, peers, ...status }, { name, nodeId });
  if (plan.type === "wait") throw new UnavailableError(`cannot join now: ${plan.reason}`);
  if (plan.type === "add") {
    const index = node.changeMembership(plan.target);
    if (typeof index !== "number") throw new UnavailableError(`cannot join now: ${index}`);
  }
  const { clusterId, recoveryEpoch } = identity;
  return { clusterId, recoveryEpoch: BigInt(recoveryEpoch), nodeId: plan.nodeId };
}
