import { NotLeaderError } from "@hearth/errors";
import { nameOf, type NodeId } from "@hearth/raft";

/** The answer of a node that is asked for what only the leader can do. @param leader - undefined while none is known. */
export function notLeader(leader: NodeId | undefined): NotLeaderError {
  if (leader === undefined) return new NotLeaderError("the metastore has no leader at the moment");
  const address = nameOf(leader);
  return new NotLeaderError(`another node leads the metastore: leader=${leader} address=${address}`, {
    leader: { id: leader, address },
  });
}
