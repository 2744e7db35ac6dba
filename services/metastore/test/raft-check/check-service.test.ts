import { createClient } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";
import { Code } from "@hearth/errors";
import { RaftCheckService } from "@hearth/proto/hearth/raft/v1";
import { inProcessTransport } from "@hearth/rpc";

import { checkService } from "../../src/raft-check/check-service.ts";
import type { CheckedLog } from "../../src/raft-check/own-state.ts";
import { envelopeTo } from "../../src/raft-transport/index.ts";
import type { Identity } from "../../src/replicated-log/identity.ts";
import { CheckedNode } from "./support/checked-group.ts";

const membership = { voters: ["a/0", "b/0"], outgoing: [], learners: [] };
const leader: Identity = { clusterId: "c".repeat(32), recoveryEpoch: 0, nodeId: "a/0" };
const envelope = envelopeTo("b/0", leader);

function start() {
  const node = new CheckedNode("b/0", () => membership);
  node.checkpoints = [{ index: 10, digest: "own" }];
  return { node, ...serving(node.log) };
}

function serving(log: CheckedLog) {
  const refused: string[] = [];
  const observer = {
    onFrame() {},
    onDropped() {},
    onRefused: ({ reason }: { reason: string }) => void refused.push(reason),
  };
  const service = checkService({ log, stateVersion: 1, observer });
  return { refused, client: createClient(RaftCheckService, inProcessTransport([service], [])) };
}

const question = { envelope, stateVersion: 1, index: 10n };

describe("a node that is asked for its state", () => {
  it.each([
    { name: "tells its digest at a checkpoint", asked: question, want: { stateVersion: 1, digest: "own" } },
    { name: "has none elsewhere", asked: { ...question, index: 20n }, want: { stateVersion: 1, digest: "" } },
    {
      name: "tells its version alone",
      asked: { ...question, index: 0n },
      want: { stateVersion: 1, digest: "" },
    },
    {
      name: "has none for a node of another version",
      asked: { ...question, stateVersion: 2 },
      want: { stateVersion: 1, digest: "" },
    },
  ])("$name", async ({ asked, want }) => {
    const { client, node } = start();
    expect(await client.compareState(asked)).toMatchObject(want);
    expect(node.problem).toBeUndefined();
  });

  it("ends when a quorum has another one, and answers nothing more", async () => {
    const { client, node } = start();
    await client.compareState({ ...question, agreedDigest: "other" });
    expect(node.problem).toMatch(/^index=10 digest=own quorum_digest=other: /u);
    await expect(client.compareState(question)).rejects.toMatchObject({ code: Code.Unavailable });
  });

  it.each([
    { name: "a quorum has the same", asked: { ...question, agreedDigest: "own" } },
    { name: "it does not have that checkpoint", asked: { ...question, index: 20n, agreedDigest: "other" } },
    {
      name: "the quorum is of another version",
      asked: { ...question, stateVersion: 2, agreedDigest: "other" },
    },
  ])("goes on when $name", async ({ asked }) => {
    const { client, node } = start();
    await client.compareState(asked);
    expect(node.problem).toBeUndefined();
  });

  it.each([
    {
      name: "another cluster",
      asked: { ...question, envelope: { ...envelope, clusterId: "d".repeat(32) } },
      code: Code.PermissionDenied,
      reason: "foreign",
    },
    {
      name: "another node",
      asked: { ...question, envelope: { ...envelope, receiver: "c/0" } },
      code: Code.PermissionDenied,
      reason: "foreign",
    },
    { name: "nobody", asked: { stateVersion: 1, index: 10n }, code: Code.InvalidArgument, reason: "invalid" },
    {
      name: "an index that is none",
      asked: { ...question, index: 2n ** 60n },
      code: Code.InvalidArgument,
      reason: "invalid",
    },
    {
      name: "a digest that is too long",
      asked: { ...question, agreedDigest: "d".repeat(65) },
      code: Code.InvalidArgument,
      reason: "invalid",
    },
  ])("refuses, and counts, a request for $name", async ({ asked, code, reason }) => {
    const { client, node, refused } = start();
    const withVerdict = { agreedDigest: "other", ...asked };
    await expect(client.compareState(withVerdict)).rejects.toMatchObject({ code });
    expect(refused).toEqual([reason]);
    expect(node.problem).toBeUndefined();
  });

  it("is not there before it knows who it is", async () => {
    const { node } = start();
    const { client } = serving({ ...node.log, identity: undefined });
    await expect(client.compareState(question)).rejects.toMatchObject({ code: Code.Unavailable });
  });
});
