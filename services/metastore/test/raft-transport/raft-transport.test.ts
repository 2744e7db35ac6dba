import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { Readable } from "node:stream";

import { describe, expect, it } from "@jest/globals";
import { createClient } from "@connectrpc/connect";
import { Code } from "@hearth/errors";
import { RaftTransportService } from "@hearth/proto/hearth/raft/v1";
import type { LogEntry } from "@hearth/raft";
import { http2Transport } from "@hearth/rpc";
import { originOf } from "../../src/raft-transport/envelope.ts";
import type { FrameMessage } from "../../src/raft-transport/frame-message.ts";
import { encodeFrame } from "../../src/raft-transport/wire-messages.ts";
import { ManualClock } from "./support/manual-clock.ts";
import { listen, wrapped } from "./support/listening-node.ts";
import { Recorded } from "./support/recorded.ts";
import { append, chained, clusterId, commands, heartbeat, samples, start } from "./support/samples.ts";
import { sender } from "./support/sending-node.ts";

function between<M extends FrameMessage>(message: M, from: string, to: string): M {
  return { ...message, from, to };
}

describe("messages between two nodes", () => {
  it("arrive as they were sent, those of one lane in order", async () => {
    await using peer = await listen();
    const self = sender({ [peer.nodeId]: peer.origin });
    await using transport = self.transport;
    const sent = samples.map((message) => between(message, self.nodeId, peer.nodeId));
    for (const message of sent) transport.send(message);
    const arrived = await peer.messages.first(sent.length);
    const isOfAppend = ({ type }: FrameMessage): boolean => type.startsWith("append");
    expect(arrived.filter(isOfAppend)).toEqual(sent.filter(isOfAppend));
    expect(arrived.filter((message) => !isOfAppend(message))).toEqual(
      sent.filter((message) => !isOfAppend(message)),
    );
    await self.observer.events.first(2);
    expect(peer.observer.events.all.toSorted()).toEqual(["received 10", "received 4"]);
    expect(self.observer.events.all.toSorted()).toEqual(["sent 10", "sent 4"]);
  });

  it("arrive whole when they are large", async () => {
    await using peer = await listen();
    const entries: LogEntry[] = chained(start, commands(15, 900_000));
    const self = sender({ [peer.nodeId]: peer.origin });
    await using transport = self.transport;
    transport.send(between(append(start, entries), self.nodeId, peer.nodeId));
    const arrived = await peer.messages.first(15);
    const indexes = arrived.flatMap((message) =>
      message.type === "append" ? message.entries.map(({ index }) => index) : [],
    );
    expect(indexes).toEqual(entries.map(({ index }) => index));
  });

  it("arrive whole when one entry is as large as a command may be", async () => {
    await using peer = await listen();
    const [entry] = chained(start, commands(1, 9 * 1024 * 1024));
    const self = sender({ [peer.nodeId]: peer.origin });
    await using transport = self.transport;
    transport.send(between(append(start, [entry!]), self.nodeId, peer.nodeId));
    const [arrived] = await peer.messages.first(1);
    expect(arrived).toMatchObject({ type: "append", entries: [{ chain: entry!.chain }] });
  });

  it("of the control lane do not wait for those of the other", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const calls = new Recorded<number>();
    const holdFirst = (): Promise<void> => {
      calls.add(calls.all.length);
      return calls.all.length === 1 ? held : Promise.resolve();
    };
    await using peer = await listen({ wrap: (service) => wrapped(service, holdFirst) });
    const self = sender({ [peer.nodeId]: peer.origin });
    await using transport = self.transport;
    const first = between(append(start, []), self.nodeId, peer.nodeId);
    transport.send(first);
    await calls.first(1);
    transport.send(between(heartbeat(1), self.nodeId, peer.nodeId));
    await peer.messages.first(1);
    release();
    expect((await peer.messages.first(2)).map(({ type }) => type)).toEqual(["heartbeat", "append"]);
  });

  it("go on once a node that was away is back", async () => {
    const self = sender({}, { resolve: () => origin });
    await using transport = self.transport;
    const peer = await listen();
    const { origin, nodeId } = peer;
    transport.send(between(heartbeat(1), self.nodeId, nodeId));
    await peer.messages.first(1);
    await peer[Symbol.asyncDispose]();
    transport.send(between(heartbeat(2), self.nodeId, nodeId));
    await self.signals.first(1);
    await using again = await listen({ port: Number(new URL(origin).port) });
    transport.send(between(heartbeat(3), self.nodeId, nodeId));
    expect((await again.messages.first(1))[0]).toMatchObject({ readId: 3 });
    expect(self.signals.all).toEqual([`unreachable ${nodeId}`]);
    expect(self.observer.events.all.slice(0, 2)).toEqual(["sent 1", "dropped 1 call-failed"]);
  });

  it("are given up when a node does not answer in time", async () => {
    // Takes connections, and says nothing.
    const mute = createTcpServer(() => undefined).listen(0, "127.0.0.1");
    await new Promise((resolve) => mute.once("listening", resolve));
    const origin = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const settings = { transportTimeoutMs: { control: 20, append: 20, snapshot: 20 } };
    const self = sender({ "peer:9099/4": origin }, { settings, clock: new ManualClock() });
    await using _ = self.transport;
    self.transport.send(between(heartbeat(1), self.nodeId, "peer:9099/4"));
    await self.signals.first(1);
    expect(self.observer.events.all).toEqual(["dropped 1 call-failed"]);
    mute.close();
  });
});

describe("connections to peers", () => {
  it("are closed when they leave, and made anew when they are sent to again", async () => {
    await using one = await listen({ nodeId: "one:1/0" });
    await using two = await listen({ nodeId: "two:1/0" });
    const self = sender({ [one.nodeId]: one.origin, [two.nodeId]: two.origin });
    await using transport = self.transport;
    const send = (node: string, id: number): void =>
      transport.send(between(heartbeat(id), self.nodeId, node));
    send(one.nodeId, 1);
    send(two.nodeId, 1);
    await Promise.all([one.messages.first(1), two.messages.first(1)]);
    transport.retain([two.nodeId]);
    send(one.nodeId, 2);
    send(two.nodeId, 2);
    await Promise.all([one.messages.first(2), two.messages.first(2)]);
  });

  it.each([
    { name: "has no known address", node: "nowhere:1/0", settings: {}, reason: "no-address" },
    { name: "is one too many", node: "two:1/0", settings: { maxPeers: 1 }, reason: "too-many-peers" },
  ])("are not made to a node that $name", async ({ node, settings, reason }) => {
    await using one = await listen({ nodeId: "one:1/0" });
    const self = sender({ [one.nodeId]: one.origin, "two:1/0": one.origin }, { settings });
    await using transport = self.transport;
    transport.send(between(heartbeat(1), self.nodeId, one.nodeId));
    await one.messages.first(1);
    await self.observer.events.first(1);
    transport.send(between(heartbeat(1), self.nodeId, node));
    expect(self.signals.all).toEqual([]);
    await self.signals.first(1);
    expect(self.observer.events.all).toEqual(["sent 1", `dropped 1 ${reason}`]);
  });

  it("take nothing after they were closed, and tell nobody", async () => {
    await using peer = await listen();
    const self = sender({ [peer.nodeId]: peer.origin });
    self.transport.send(between(heartbeat(1), self.nodeId, peer.nodeId));
    await self.transport[Symbol.asyncDispose]();
    await self.transport[Symbol.asyncDispose]();
    self.transport.send(between(heartbeat(2), self.nodeId, peer.nodeId));
    expect(self.observer.events.all).toEqual(["dropped 1 closed", "dropped 1 closed"]);
    expect(self.signals.all).toEqual([]);
  });

  it("carry no messages that tell to send a snapshot", async () => {
    const self = sender({});
    const head = { from: self.nodeId, to: "peer:9099/4", term: 1 };
    self.transport.send({ type: "install-snapshot", ...head, snapshot: undefined });
    expect(self.observer.events.all).toEqual(["dropped 1 not-sendable"]);
    await self.transport[Symbol.asyncDispose]();
  });
});

describe("a node refuses", () => {
  const envelope = { clusterId, recoveryEpoch: 3n, sender: "self:9099/0", receiver: "peer:9099/4" };
  const frame = encodeFrame([heartbeat(1)]);
  const foreign = { code: Code.PermissionDenied, reason: "foreign" };
  const invalid = { code: Code.InvalidArgument, reason: "invalid" };

  it.each<{ name: string; request: object; code: Code; reason: string }>([
    { name: "another cluster", request: { envelope: { ...envelope, clusterId: "x" }, frame }, ...foreign },
    { name: "another epoch", request: { envelope: { ...envelope, recoveryEpoch: 4n }, frame }, ...foreign },
    {
      name: "what is for another",
      request: { envelope: { ...envelope, receiver: "peer:9099/3" }, frame },
      ...foreign,
    },
    { name: "a sender without name", request: { envelope: { ...envelope, sender: "x" }, frame }, ...invalid },
    {
      name: "its own messages",
      request: { envelope: { ...envelope, sender: envelope.receiver }, frame },
      ...invalid,
    },
    { name: "no envelope", request: { frame }, ...invalid },
    { name: "an empty frame", request: { envelope }, ...invalid },
    {
      name: "a frame of which one message is wrong",
      request: { envelope, frame: Uint8Array.of(...frame, 10, 0) },
      ...invalid,
    },
  ])("$name", async ({ request, code, reason }) => {
    await using peer = await listen();
    await using transport = http2Transport({
      origin: peer.origin,
      connectTimeoutMs: 5_000,
      readMaxBytes: 1_000,
    });
    const client = createClient(RaftTransportService, transport);
    const deliver = (only: object): Promise<unknown> => {
      const answers = client.deliver(Readable.from([only]));
      return answers[Symbol.asyncIterator]().next();
    };
    await expect(deliver(request)).rejects.toMatchObject({ code });
    expect(peer.messages.all).toEqual([]);
    expect(peer.observer.events.all).toEqual([`refused ${reason}`]);
    await deliver({ envelope, frame });
    expect(peer.messages.all).toHaveLength(1);
  });
});

describe("the address of a node", () => {
  it.each([
    { node: "10.0.0.1:9099/0", origin: "http://10.0.0.1:9099" },
    { node: "metastore-0.metastore:9099/12", origin: "http://metastore-0.metastore:9099" },
    { node: "[::1]:9099/0", origin: "http://[::1]:9099" },
    { node: "localhost/0", origin: undefined },
    { node: "localhost:9099", origin: undefined },
    { node: "user@host:9099/0", origin: undefined },
    { node: "host:99999/0", origin: undefined },
    { node: "a b:1/0", origin: undefined },
  ])("$node is $origin", ({ node, origin }) => {
    expect(originOf(node, "http")).toBe(origin);
  });
});
