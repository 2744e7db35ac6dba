import { systemClock } from "@hearth/runtime";

import { pick, type FaultContext } from "./fault-context.ts";
import { cutPair, isolateLeader } from "./network-faults.ts";
import type { RaftCluster } from "./raft-cluster.ts";
import { replaceMember } from "./replace-member.ts";

export type Fault = (context: FaultContext) => Promise<void>;

/** Writes that must go through while the fault lasts, where a majority is left. */
const PROGRESS = 10;
const MIN_FREEZE_MS = 1_000;
const MAX_FREEZE_MS = 4_000;
const SLOW_MS = 3_000;
/** Within an election time, when the leader stays, and beyond it, when another one takes over. */
const MIN_SYNC_MS = 300;
const MAX_SYNC_MS = 4_000;
/** A slow process works half of the time. */
const PULSE_MS = 50;

/** What can happen to a group. Each returns when the last node is on its way back: the caller waits until all is well. */
export const faults = {
  "kill a node": async (context) => {
    const { members } = context.cluster;
    await killAndRestart(context, pick(members, context.random));
  },
  "kill the leader": async (context) => killAndRestart(context, await context.cluster.leader()),
  "kill two": async ({ cluster, random }) => {
    const spared = pick(cluster.members, random);
    await crashAll(
      cluster,
      cluster.members.filter((place) => place !== spared),
    );
  },
  "kill all": ({ cluster }) => crashAll(cluster, cluster.members),
  "freeze the leader": async ({ cluster, random }) => {
    const leader = await cluster.leader();
    cluster.stop(leader);
    await systemClock.sleep(MIN_FREEZE_MS + random.next() * (MAX_FREEZE_MS - MIN_FREEZE_MS));
    cluster.cont(leader);
  },
  "hang the leader": async ({ cluster, load }) => {
    const leader = await cluster.leader();
    cluster.stop(leader);
    try {
      await load.untilAcknowledged(PROGRESS);
    } finally {
      cluster.cont(leader);
    }
  },
  "slow leader": async ({ cluster }) => slowDown(cluster, await cluster.leader()),
  "slow disk of the leader": async ({ cluster, load, random }) => {
    const leader = cluster.node(await cluster.leader());
    leader.slowDisk(MIN_SYNC_MS + random.next() * (MAX_SYNC_MS - MIN_SYNC_MS));
    try {
      await systemClock.sleep(SLOW_MS);
      await load.untilAcknowledged(PROGRESS);
    } finally {
      leader.slowDisk(0);
    }
  },
  "isolate the leader": (context) => isolateLeader(context, "both"),
  "leader does not hear": (context) => isolateLeader(context, "in"),
  "leader is not heard": (context) => isolateLeader(context, "out"),
  "cut a pair": cutPair,
  "wipe a follower": async (context) => {
    await wipe(context, pick(await context.cluster.followers(), context.random));
  },
  "wipe the leader": async (context) => wipe(context, await context.cluster.leader()),
  "rolling restart": async ({ cluster }) => {
    for (const place of cluster.members) await restartInPeace(cluster, place);
  },
  "restart the leader": async ({ cluster }) => restartInPeace(cluster, await cluster.leader()),
  "replace a member": replaceMember,
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;

/** During these no operation may fail. */
export const gracefulFaults: ReadonlySet<FaultName> = new Set([
  "rolling restart",
  "restart the leader",
  "replace a member",
]);

async function killAndRestart({ cluster, load }: FaultContext, place: number): Promise<void> {
  await cluster.kill(place);
  await load.untilAcknowledged(PROGRESS);
  await cluster.restart(place);
}

async function crashAll(cluster: RaftCluster, places: readonly number[]): Promise<void> {
  await Promise.all(places.map((place) => cluster.kill(place)));
  for (const place of places) await cluster.restart(place);
}

async function slowDown(cluster: RaftCluster, place: number): Promise<void> {
  const endMs = systemClock.monotonicMs() + SLOW_MS;
  while (systemClock.monotonicMs() < endMs) {
    cluster.stop(place);
    await systemClock.sleep(PULSE_MS);
    cluster.cont(place);
    await systemClock.sleep(PULSE_MS);
  }
}

async function wipe({ cluster, load }: FaultContext, place: number): Promise<void> {
  await cluster.kill(place);
  cluster.wipe(place);
  await load.untilAcknowledged(PROGRESS);
  await cluster.restart(place);
}

async function restartInPeace(cluster: RaftCluster, place: number): Promise<void> {
  await cluster.terminate(place);
  await cluster.restart(place);
  await cluster.untilHealthy();
}
