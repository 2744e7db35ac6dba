import { DomainError, NotLeaderError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";

import { firstIdentity, type Identity } from "../replicated-log/identity.ts";
import { mayTakePart, planFirstBoot } from "./first-boot-plan.ts";
import type { MembershipClient } from "./membership-client.ts";

const ASK_AGAIN_MS = 300;
/** Waiting is told of this often. */
const LOG_EVERY = 33;

export interface FirstBootDeps {
  readonly client: MembershipClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface FirstBootSettings {
  readonly clusterName: string;
  readonly nodeName: string;
  /** Names of the nodes that begin the cluster. */
  readonly initialPeers: readonly string[];
}

/**
 * Who a node with an empty disk is to be: one that begins a new cluster with its peers, or a new member of one that is there.
 * Waits until that can be told.
 *
 * @throws the reason of `signal`.
 */
export async function decideFirstIdentity(
  { client, clock, logger }: FirstBootDeps,
  settings: FirstBootSettings,
  signal: AbortSignal,
): Promise<Identity> {
  const { clusterName: name, nodeName, initialPeers: peers } = settings;
  const others = peers.filter((peer) => peer !== nodeName);
  for (let asked = 0; ; asked++) {
    const plan = planFirstBoot(await client.statesOf(others), peers.includes(nodeName));
    if (plan.type === "begin") return firstIdentity({ name, peers, nodeName });
    if (plan.type === "join") {
      const identity = await tryJoin(client, others, nodeName);
      if (typeof identity === "object") return identity;
      if (asked % LOG_EVERY === 0) logger.info("waits to join the metastore's group", { reason: identity });
    } else if (asked % LOG_EVERY === 0) {
      logger.info("waits for peers, to begin a new group with them", { missing: plan.missing.join(",") });
    }
    await clock.sleep(ASK_AGAIN_MS, signal);
  }
}

/** Waits until every peer has begun too: before that a peer could still find only nodes that know nothing. */
export async function waitForBeginning(
  { client, clock, logger }: FirstBootDeps,
  { nodeName, initialPeers }: FirstBootSettings,
  signal: AbortSignal,
): Promise<void> {
  const others = initialPeers.filter((peer) => peer !== nodeName);
  for (let asked = 0; !mayTakePart(await client.statesOf(others)); asked++) {
    if (asked % LOG_EVERY === 0) logger.info("waits until all peers have begun", {});
    await clock.sleep(ASK_AGAIN_MS, signal);
  }
}

/** @returns the identity, or why there is none yet. */
async function tryJoin(
  client: MembershipClient,
  others: readonly string[],
  name: string,
): Promise<Identity | string> {
  let reason = "no node answers";
  const asked = new Set<string>();
  for (let next = others[0]; next !== undefined;) {
    const peer = next;
    asked.add(peer);
    try {
      const { clusterId, recoveryEpoch, nodeId } = await client.ask(peer, (node) => node.join({ name }));
      return { clusterId, recoveryEpoch: Number(recoveryEpoch), nodeId };
    } catch (error) {
      reason = error instanceof DomainError ? error.message : String(error);
      const named = error instanceof NotLeaderError ? error.leader?.address : undefined;
      next = [named, ...others].find((other) => other !== undefined && !asked.has(other));
    }
  }
  return reason;
}
