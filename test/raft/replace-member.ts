import { Code, DomainError } from "@hearth/errors";

import { waitUntil } from "../support/wait-until.ts";
import { pick, type FaultContext } from "./fault-context.ts";
import type { RaftCluster } from "./raft-cluster.ts";

const WITHIN_MS = 30_000;
const ANY_TERM = 2n ** 64n - 1n;

/** A node under another name joins by itself; then an old one is taken out and goes. */
export async function replaceMember({ cluster, random }: FaultContext): Promise<void> {
  const coming = cluster.freePlace;
  const leaving = pick(cluster.members, random);
  cluster.wipe(coming);
  await cluster.restart(coming);
  cluster.setMember(coming, true);
  await cluster.untilHealthy();
  await remove(cluster, leaving);
  await cluster.kill(leaving);
}

async function remove(cluster: RaftCluster, leaving: number): Promise<void> {
  const serverId = (await cluster.node(leaving).status())?.id ?? cluster.node(leaving).name;
  let reason = "";
  const isRemoved = async (): Promise<boolean> => {
    const leader = await cluster.leader();
    const { admin } = cluster.node(leader);
    const request = { serverId, currentTerm: ANY_TERM };
    try {
      await (leader === leaving ? admin.demoteLeader(request) : admin.removeNode(request));
      return leader !== leaving;
    } catch (error) {
      reason = String(error);
      // It went out in an attempt before, whose answer was lost.
      return error instanceof DomainError && error.code === Code.NotFound;
    }
  };
  await waitUntil(isRemoved, { timeoutMs: WITHIN_MS, what: () => `${serverId} is removed: ${reason}` });
  cluster.setMember(leaving, false);
}
