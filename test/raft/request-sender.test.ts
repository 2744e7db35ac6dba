import { describe, expect, it } from "@jest/globals";
import { create, toBinary } from "@bufbuild/protobuf";
import { DeliverRequestSchema, JoinRequestSchema } from "@hearth/proto/hearth/raft/v1";
import fc from "fast-check";

import { senderOf } from "./request-sender.ts";

const deliver = request(
  "/hearth.raft.v1.RaftTransportService/Deliver",
  toBinary(
    DeliverRequestSchema,
    create(DeliverRequestSchema, {
      envelope: {
        clusterId: "0123456789abcdef0123456789abcdef",
        recoveryEpoch: 0n,
        sender: "127.0.0.1:7001/12",
        receiver: "127.0.0.1:7002/0",
      },
      frame: new Uint8Array(2_000),
    }),
  ),
);
const join = request(
  "/hearth.raft.v1.RaftMembershipService/Join",
  toBinary(JoinRequestSchema, create(JoinRequestSchema, { name: "127.0.0.1:7003" })),
);
const status = request("/hearth.raft.v1.RaftMembershipService/GetStatus", new Uint8Array());

function request(path: string, body: Uint8Array): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:7002\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

describe("senderOf", () => {
  it.each([
    { what: "messages name it in their envelope", bytes: deliver, name: "127.0.0.1:7001" },
    { what: "who asks to join says its name", bytes: join, name: "127.0.0.1:7003" },
    { what: "who asks for the state does not say who it is", bytes: status, name: undefined },
  ])("$what", ({ bytes, name }) => {
    expect(senderOf(bytes)).toEqual({ type: "known", name });
  });

  it("waits until it can tell, however the bytes come, and never names another", () => {
    fc.assert(
      fc.property(fc.nat(deliver.length), (length) => {
        const sender = senderOf(deliver.subarray(0, length));
        expect(sender.type === "known" ? sender.name : "127.0.0.1:7001").toBe("127.0.0.1:7001");
      }),
    );
  });
});
