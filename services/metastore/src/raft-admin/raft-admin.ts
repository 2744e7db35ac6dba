import {
  assertNever,
  FailedPreconditionError,
  InternalError,
  InvalidArgumentError,
  NotFoundError,
  UnavailableError,
} from "@hearth/errors";
import { isJoint, type ChangeRefusal, type MembershipTarget } from "@hearth/raft";
import type { Clock } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";

import { notLeader } from "../raft-node/not-leader.ts";
import type { RaftNode } from "../raft-node/raft-node.ts";
import type { Identity } from "../replicated-log/identity.ts";
import type { ReplicatedLog } from "../replicated-log/replicated-log.ts";
import { termProblem } from "./check-term.ts";
import { refused, type Done, type LeaderFacts, type Refusal } from "./plan.ts";
import { planAddition, planRemoval, planReplacement, type ChangePlan } from "./plan-change.ts";
import { planProof, provenBy } from "./plan-proof.ts";
import { planDemotion, planPromotionToLeader, type TransferPlan } from "./plan-transfer.ts";

/** What is asked of the log here. */
export interface AdminLog extends Pick<ReplicatedLog<unknown>, "status" | "readIndex" | "takeSnapshot"> {
  readonly identity: Identity | undefined;
  readonly node: AdminNode | undefined;
}

export type AdminNode = Pick<
  RaftNode<unknown>,
  "status" | "membership" | "isMembershipCommitted" | "peers" | "changeMembership" | "transfer"
>;

export interface RaftAdminDeps {
  readonly log: AdminLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether this node listens for others: if not, none could ever catch up. */
  readonly takesPeers: boolean;
}

/** Of a request: `currentTerm` is the term in which the caller saw the group. */
export interface ServerRequest {
  readonly serverId: string;
  readonly currentTerm: bigint;
}

/** The node while it leads. */
interface Lead {
  readonly node: AdminNode;
  readonly facts: LeaderFacts;
}

/** A change of the members is in the log. */
interface Begun {
  readonly type: "begun";
  readonly node: AdminNode;
  readonly index: number;
  readonly target: MembershipTarget;
}

/** A transfer ends within E ticks, one second, or not at all; then the new leader has to be heard of. */
const TRANSFER_WITHIN_MS = 2_000;
const CHANGE_WITHIN_MS = 5_000;
/** Long enough for a new leader to settle, for a change of the members, and for every live voter to answer. */
const LISTEN_MS = 1_000;
const LOOK_MS = 10;

/**
 * Does what operators ask of the node that leads. Whether it may be done is decided in the `plan-…` files; here it is begun,
 * and waited for. Every method throws `NotLeaderError` where another node leads, {@link FailedPreconditionError} when
 * the node is in another term or something else has to be done first, {@link NotFoundError} for servers that do not take
 * part, and {@link UnavailableError} when it is not possible now, or when what was begun did not come to its end in time.
 */
export class RaftAdmin {
  readonly #deps: RaftAdminDeps;

  constructor(deps: RaftAdminDeps) {
    this.#deps = deps;
  }

  async add({ serverId, currentTerm }: ServerRequest, signal: AbortSignal): Promise<void> {
    if (!this.#deps.takesPeers) {
      throw new FailedPreconditionError(
        "this node does not listen for others: set -metastore.raft.bind-address",
      );
    }
    await this.#change("a server is added", currentTerm, (facts) => planAddition(facts, serverId), signal);
  }

  remove({ serverId, currentTerm }: ServerRequest, signal: AbortSignal): Promise<void> {
    return this.#change("a server is removed", currentTerm, (facts) => planRemoval(facts, serverId), signal);
  }

  replace(request: ServerRequest & { readonly replacementId: string }, signal: AbortSignal): Promise<void> {
    const plan = (facts: LeaderFacts): ChangePlan => planReplacement(facts, request);
    return this.#change("a server is replaced", request.currentTerm, plan, signal);
  }

  promote({ serverId, currentTerm }: ServerRequest, signal: AbortSignal): Promise<void> {
    return this.#transfer(currentTerm, (facts) => planPromotionToLeader(facts, serverId), signal);
  }

  demote({ serverId, currentTerm }: ServerRequest, signal: AbortSignal): Promise<void> {
    return this.#transfer(currentTerm, (facts) => planDemotion(facts, serverId), signal);
  }

  /** On any node. @returns the index up to which the newest snapshot reaches. */
  async snapshot(signal: AbortSignal): Promise<number> {
    const { log, logger } = this.#deps;
    const { role, problem } = log.status();
    if (problem !== undefined) throw new UnavailableError(problem);
    if (role === "starting" || role === "stopped") {
      throw new UnavailableError(`the metastore is not ready: role=${role}`);
    }
    try {
      await log.takeSnapshot(signal);
    } catch (error) {
      throw signal.aborted ? error : new InternalError("the snapshot could not be written", { cause: error });
    }
    const { snapshotIndex } = log.status();
    logger.info("a snapshot was asked for", { index: snapshotIndex });
    return snapshotIndex;
  }

  async #change(
    what: string,
    currentTerm: bigint,
    planFrom: (facts: LeaderFacts) => ChangePlan,
    signal: AbortSignal,
  ): Promise<void> {
    const proof = await this.#begin(currentTerm, (facts) => planProof(facts, planFrom(facts)), signal);
    const proven = (facts: LeaderFacts): LeaderFacts =>
      proof.type === "begun" ? provenBy(facts, proof.index) : facts;
    const change = await this.#begin(currentTerm, (facts) => planFrom(proven(facts)), signal);
    if (change.type === "done") return;
    const { node, index, target } = change;
    const { voters, learners } = target;
    this.#deps.logger.info(what, { voters: voters.join(","), learners: learners.join(","), index });
    const isOver = (): boolean => node.isMembershipCommitted && !isJoint(node.membership);
    await this.#until(() => isOver() || node.status().role !== "leader", CHANGE_WITHIN_MS, signal);
    // Whoever leads next may have dropped it.
    if (node.status().role !== "leader" || !isOver()) {
      throw new UnavailableError(`the change has begun, and it is not known how it ended: index=${index}`);
    }
  }

  #begin(
    currentTerm: bigint,
    planFrom: (facts: LeaderFacts) => ChangePlan,
    signal: AbortSignal,
  ): Promise<Begun | Done> {
    const attempt = ({ node, facts }: Lead): Begun | Done | Refusal => {
      const plan = planFrom(facts);
      if (plan.type !== "change") return plan;
      const { target } = plan;
      const index = node.changeMembership(target);
      return typeof index === "number" ? { type: "begun", node, index, target } : changeRefusal(index);
    };
    return this.#attempt(currentTerm, attempt, signal);
  }

  async #transfer(
    currentTerm: bigint,
    planFrom: (facts: LeaderFacts) => TransferPlan,
    signal: AbortSignal,
  ): Promise<void> {
    const plan = await this.#attempt(currentTerm, ({ facts }) => planFrom(facts), signal);
    if (plan.type === "done") return;
    const { to } = plan;
    const { node } = this.#lead(currentTerm);
    const refusal = node.transfer(to);
    if (refusal === "not-leader") throw notLeader(node.status().leader);
    if (refusal === "not-a-voter") throw new FailedPreconditionError(`it has no vote: server_id=${to}`);
    this.#deps.logger.info("hands over the lead", { to });
    const isOver = await this.#until(() => node.status().leader === to, TRANSFER_WITHIN_MS, signal);
    if (isOver) return;
    const { leader = "" } = node.status();
    throw new UnavailableError(`handing over the lead was given up: to=${to} leader=${leader}`);
  }

  /** Tries again for a moment what is refused for a reason that passes by itself. */
  async #attempt<T extends { readonly type: string }>(
    currentTerm: bigint,
    attempt: (lead: Lead) => T | Refusal,
    signal: AbortSignal,
  ): Promise<T> {
    const { clock } = this.#deps;
    const endMs = clock.monotonicMs() + LISTEN_MS;
    for (;;) {
      const outcome = attempt(this.#lead(currentTerm));
      if (!isRefusal(outcome)) return outcome;
      const passes = outcome.kind === "busy" || outcome.kind === "not-live";
      if (!passes || clock.monotonicMs() >= endMs) throw refusalError(outcome);
      await clock.sleep(LOOK_MS, signal);
    }
  }

  /** @throws {NotLeaderError} and {FailedPreconditionError} for another term than the node's. */
  #lead(currentTerm: bigint): Lead {
    const { log } = this.#deps;
    const { problem, role } = log.status();
    const { node, identity } = log;
    if (problem !== undefined) throw new UnavailableError(problem);
    const status = node?.status();
    if (!node || !identity || !status || role !== "leader") throw notLeader(status?.leader);
    const otherTerm = termProblem(currentTerm, status.term);
    if (otherTerm !== undefined) throw new FailedPreconditionError(otherTerm);
    const { membership, isMembershipCommitted: isCommitted, peers } = node;
    const facts = { self: identity.nodeId, membership, isCommitted, peers, ...status };
    return { node, facts };
  }

  /** @returns whether `condition` came true in time. */
  async #until(condition: () => boolean, withinMs: number, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#deps;
    const endMs = clock.monotonicMs() + withinMs;
    while (!condition()) {
      if (clock.monotonicMs() >= endMs) return false;
      await clock.sleep(LOOK_MS, signal);
    }
    return true;
  }
}

function refusalError({ kind, reason }: Refusal): Error {
  switch (kind) {
    case "invalid":
      return new InvalidArgumentError(reason);
    case "unknown":
      return new NotFoundError(reason);
    case "precondition":
    case "not-live":
      return new FailedPreconditionError(reason);
    case "busy":
      return new UnavailableError(reason);
    default:
      return assertNever(kind);
  }
}

/** All but the last pass by themselves; who does not lead any more is told so at the next attempt. */
function changeRefusal(refusal: ChangeRefusal): Refusal {
  switch (refusal) {
    case "not-leader":
      return refused("busy", "the node does not lead any more");
    case "change-under-way":
      return refused("busy", "another change of the members is under way");
    case "not-settled":
      return refused("busy", "the leader has only begun to lead");
    case "transferring":
      return refused("busy", "the lead is being handed over");
    case "no-voters":
      return refused("precondition", "no voter would be left");
    default:
      return assertNever(refusal);
  }
}

function isRefusal(outcome: { readonly type: string }): outcome is Refusal {
  return outcome.type === "refused";
}
