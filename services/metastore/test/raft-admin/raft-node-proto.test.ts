import { ScalarType } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { file_raft_node_raft_node as file } from "@hearth/proto/raft_node";

/** Of each message in the file and of those in it: `number name type`. */
function fieldsOf(name: string): string[] {
  const messages = file.messages.flatMap((message) => [message, ...message.nestedMessages]);
  const message = messages.find(({ typeName }) => typeName === `raft_node.${name}`);
  return (message?.fields ?? []).map((field) => {
    const type = field.scalar === undefined ? field.message?.name : ScalarType[field.scalar].toLowerCase();
    return `${field.number} ${field.name} ${field.fieldKind === "list" ? "repeated " : ""}${type}`;
  });
}

describe("what existing tools know of the nodes' contract", () => {
  const server = ["1 server_id string", "2 current_term uint64"];
  it.each([
    { name: "RaftNode", want: ["1 id string", "2 address string"] },
    { name: "ReadIndexRequest", want: [] },
    { name: "ReadIndexResponse", want: ["1 commit_index uint64", "2 term uint64"] },
    { name: "NodeInfoRequest", want: [] },
    { name: "NodeInfoResponse", want: ["1 node NodeInfo"] },
    {
      name: "NodeInfo",
      want: [
        "1 server_id string",
        "2 advertised_address string",
        "3 state string",
        "4 leader_id string",
        "5 commit_index uint64",
        "6 applied_index uint64",
        "7 last_index uint64",
        "8 stats Stats",
        "9 peers repeated Peer",
        "10 configuration_index uint64",
        "11 current_term uint64",
        "12 build_version string",
        "13 build_revision string",
        "14 supported_fsm_version uint32",
        "15 active_fsm_version uint32",
      ],
    },
    { name: "NodeInfo.Stats", want: ["1 name repeated string", "2 value repeated string"] },
    { name: "NodeInfo.Peer", want: ["1 server_id string", "2 server_address string", "3 suffrage string"] },
    { name: "AddNodeRequest", want: server },
    { name: "RemoveNodeRequest", want: server },
    { name: "PromoteToLeaderRequest", want: server },
    { name: "DemoteLeaderRequest", want: server },
  ])("$name has these fields, under these numbers", ({ name, want }) => {
    expect(fieldsOf(name)).toEqual(want);
  });

  it("the methods have these names", () => {
    const [service] = file.services;
    expect(service?.typeName).toBe("raft_node.RaftNodeService");
    expect(service?.methods.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "ReadIndex",
        "NodeInfo",
        "RemoveNode",
        "AddNode",
        "DemoteLeader",
        "PromoteToLeader",
      ]),
    );
  });
});
