import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  AddNodeResponseSchema,
  DemoteLeaderResponseSchema,
  NodeInfoResponseSchema,
  PromoteToLeaderResponseSchema,
  RaftNodeService,
  ReadIndexResponseSchema,
  RemoveNodeResponseSchema,
  ReplaceMemberResponseSchema,
  SnapshotNowResponseSchema,
  type NodeInfoSchema,
} from "@hearth/proto/raft_node";
import { implement, type ServiceRegistration } from "@hearth/rpc";

import { nodeFacts, type Build, type NodeFacts } from "./node-info.ts";
import { RaftAdmin, type RaftAdminDeps } from "./raft-admin.ts";

export interface RaftNodeServiceDeps extends RaftAdminDeps {
  /** `host:port` at which other nodes reach this one. */
  readonly name: string;
  readonly build: Build;
  /** In which version of commands this node writes now. */
  readonly commandVersion: () => number;
}

const MAX_REQUEST_BYTES = 4096;

/** What operators ask a node of the group; see `proto/raft_node/raft_node.proto`. */
export function raftNodeService(deps: RaftNodeServiceDeps): ServiceRegistration {
  const { log, name, build, commandVersion } = deps;
  const admin = new RaftAdmin(deps);
  return implement(
    RaftNodeService,
    {
      async readIndex(_request, { signal }) {
        const index = await log.readIndex(signal);
        const { term } = log.status();
        return create(ReadIndexResponseSchema, { commitIndex: BigInt(index), term: BigInt(term) });
      },
      nodeInfo: () => {
        const facts = nodeFacts(log, { name, activeFsmVersion: commandVersion() });
        return create(NodeInfoResponseSchema, { node: encodeNodeInfo(facts, build) });
      },
      async addNode(request, { signal }) {
        await admin.add(request, signal);
        return create(AddNodeResponseSchema);
      },
      async removeNode(request, { signal }) {
        await admin.remove(request, signal);
        return create(RemoveNodeResponseSchema);
      },
      async replaceMember(request, { signal }) {
        await admin.replace(request, signal);
        return create(ReplaceMemberResponseSchema);
      },
      async promoteToLeader(request, { signal }) {
        await admin.promote(request, signal);
        return create(PromoteToLeaderResponseSchema);
      },
      async demoteLeader(request, { signal }) {
        await admin.demote(request, signal);
        return create(DemoteLeaderResponseSchema);
      },
      async snapshotNow(_request, { signal }) {
        return create(SnapshotNowResponseSchema, { snapshotIndex: BigInt(await admin.snapshot(signal)) });
      },
    },
    { readMaxBytes: MAX_REQUEST_BYTES },
  );
}

function encodeNodeInfo(facts: NodeFacts, build: Build): MessageInitShape<typeof NodeInfoSchema> {
  return {
    serverId: facts.serverId,
    advertisedAddress: facts.address,
    state: facts.state,
    leaderId: facts.leaderId,
    commitIndex: BigInt(facts.commitIndex),
    appliedIndex: BigInt(facts.appliedIndex),
    lastIndex: BigInt(facts.lastIndex),
    stats: { name: facts.stats.map(([name]) => name), value: facts.stats.map(([, value]) => value) },
    peers: facts.peers.map(({ id, address, suffrage }) => ({
      serverId: id,
      serverAddress: address,
      suffrage,
    })),
    currentTerm: BigInt(facts.term),
    buildVersion: build.version,
    buildRevision: build.revision,
    supportedFsmVersion: facts.supportedFsmVersion,
    activeFsmVersion: facts.activeFsmVersion,
  };
}
