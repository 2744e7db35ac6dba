import { createClient } from "@connectrpc/connect";
import { GroupTransport } from "@hearth/clients";
import { RaftNodeService } from "@hearth/proto/raft_node";
import type { Routes } from "@hearth/server";

import type { ProcessContext } from "../process-context.ts";
import type { MetastoreNodes, MetastoreTarget } from "./ask-nodes.ts";
import { registerNodesRoutes } from "./nodes-routes.ts";

/** The pages about the metastore's nodes. In a process that runs one: to be called once that one offers its services. */
export async function metastoreNodesRoutes(context: ProcessContext): Promise<Routes> {
  const deps = { nodes: await findNodes(context), clock: context.clock };
  return (app) => registerNodesRoutes(app, deps);
}

/** The one in this process, and each process behind `-metastore.address`, unless the one here is all there is. */
async function findNodes(context: ProcessContext): Promise<MetastoreNodes> {
  const { addresses, metastore } = context.settings;
  const isHere = context.runs("metastore");
  const own: MetastoreTarget[] = isHere
    ? [{ address: "in this process", client: createClient(RaftNodeService, context.inProcess()) }]
    : [];
  if (isHere && metastore.bootstrapPeers.length <= 1) {
    return { targets: () => own, group: context.inProcess() };
  }
  const pool = await context.openPool(addresses.metastore);
  const targets = (): MetastoreTarget[] => [
    ...own,
    ...pool.members.map((member) => ({
      address: member.address.id,
      client: createClient(RaftNodeService, member),
    })),
  ];
  return { targets, group: new GroupTransport(pool, context) };
}
