import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { GroupMember } from "@hearth/errors";

/** `raft_node.RaftNode`, the error detail of a node that does not lead: `{ 1: id, 2: address }` of the one that does, or empty. */
export const RAFT_NODE_TYPE = "raft_node.RaftNode";

export function encodeRaftNode(leader: GroupMember | undefined): Uint8Array {
  if (!leader) return new Uint8Array();
  return new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(leader.id)
    .tag(2, WireType.LengthDelimited)
    .string(leader.address)
    .finish();
}

/** Undefined when no leader is named, or the bytes are damaged. */
export function decodeRaftNode(bytes: Uint8Array): GroupMember | undefined {
  const reader = new BinaryReader(bytes);
  let id = "";
  let address = "";
  try {
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === 1 && wireType === WireType.LengthDelimited) id = reader.string();
      else if (field === 2 && wireType === WireType.LengthDelimited) address = reader.string();
      else reader.skip(wireType, field);
    }
  } catch {
    return undefined;
  }
  return id === "" ? undefined : { id, address };
}
