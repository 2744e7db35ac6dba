import { describe, expect, it } from "@jest/globals";
import { Code, InvalidArgumentError, UnavailableError } from "@hearth/errors";
import { RemoteError, type ServiceRegistration } from "@hearth/rpc";
import type { Directory } from "../../src/disk/directory.ts";
import { Pacer } from "../../src/raft-transport/pacer.ts";
import type { SnapshotAnswer } from "../../src/raft-transport/snapshot-receiver.ts";
import { SnapshotReceiver } from "../../src/raft-transport/snapshot-receiver.ts";
import { sendSnapshotPieces, type OutgoingSnapshot } from "../../src/raft-transport/snapshot-sending.ts";
import { defaultRaftTransportSettings } from "../../src/raft-transport/transport-settings.ts";
import { stillClock } from "../support/simulated-node.ts";
import { HastyClock } from "./support/manual-clock.ts";
import { listen, wrapped, type ListeningNode } from "./support/listening-node.ts";
import { MemoryDirectory } from "./support/memory-directory.ts";
import { sender } from "./support/sending-node.ts";
import { hashOf, snapshotOf, storeOn } from "./support/snapshot-files.ts";

const fast = { ...defaultRaftTransportSettings, snapshotBytesPerSecond: Infinity };
const MIB = 1024 * 1024;

/** Sends to a receiver that answers as `answers` say, the last one over and over. */
async function sendTo(answers: readonly (SnapshotAnswer | Error)[], clock = new HastyClock()) {
  const snapshot = await snapshotOf();
  const calls: [number, number][] = [];
  const isSent = await sendSnapshotPieces(
    snapshot,
    {
      clock,
      random: { next: () => 0.5, fill: (bytes) => bytes },
      pacer: new Pacer(Infinity, clock),
      settings: fast,
      call: async (offset, bytes) => {
        const answer = answers[Math.min(calls.length, answers.length - 1)]!;
        calls.push([offset, offset + bytes.length]);
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    new AbortController().signal,
  );
  return { isSent, calls, slept: clock.slept, size: snapshot.sizeBytes };
}

const receiving = (offset: number): SnapshotAnswer => ({ state: "receiving", offset });

describe("sending a snapshot", () => {
  it("asks, sends pieces of 1 MiB, and waits for the check", async () => {
    const { size } = await sendTo([{ state: "refused", offset: 0 }]);
    const verifying = { state: "verifying", offset: size } as const;
    const installed = { state: "installed", offset: size } as const;
    const answers = [receiving(0), receiving(MIB), receiving(2 * MIB), verifying, verifying, installed];
    const { isSent, calls, slept } = await sendTo(answers);
    expect(isSent).toBe(true);
    expect(calls).toEqual([
      [0, 0],
      [0, MIB],
      [MIB, 2 * MIB],
      [2 * MIB, size],
      [size, size],
      [size, size],
    ]);
    expect(slept).toEqual([fast.snapshotPollMs, fast.snapshotPollMs]);
  });

  it("goes on from where the receiver stands", async () => {
    const answers = [receiving(2 * MIB), { state: "installed", offset: 9 } as const];
    const { calls, size } = await sendTo(answers);
    expect(calls).toEqual([
      [0, 0],
      [2 * MIB, size],
    ]);
  });

  it("repeats a call that failed, after a while", async () => {
    const away = new UnavailableError("away");
    const answers = [receiving(0), away, away, receiving(MIB), { state: "installed", offset: 0 } as const];
    const { isSent, calls, slept } = await sendTo(answers);
    expect(isSent).toBe(true);
    expect(calls.slice(1, 4)).toEqual(Array(3).fill([0, MIB]));
    expect(slept).toEqual([25, 50]);
  });

  it.each<{ name: string; answer: SnapshotAnswer | Error; leastMs: number; mostMs: number }>([
    { name: "never answers", answer: new UnavailableError("away"), leastMs: 60_000, mostMs: 62_000 },
    { name: "takes nothing", answer: receiving(0), leastMs: 60_000, mostMs: 62_000 },
    {
      name: "checks for ever",
      answer: { state: "verifying", offset: 5 },
      leastMs: 600_000,
      mostMs: 600_100,
    },
    { name: "refuses it", answer: { state: "refused", offset: 0 }, leastMs: 0, mostMs: 0 },
    { name: "finds it invalid", answer: new InvalidArgumentError("no"), leastMs: 0, mostMs: 0 },
    {
      name: "is of another cluster",
      answer: new RemoteError(Code.PermissionDenied, "no"),
      leastMs: 0,
      mostMs: 0,
    },
  ])("gives up a receiver that $name", async ({ answer, leastMs, mostMs }) => {
    const clock = new HastyClock();
    expect((await sendTo([answer], clock)).isSent).toBe(false);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(leastMs);
    expect(clock.monotonicMs()).toBeLessThanOrEqual(mostMs);
  });

  it("gives up a receiver that has all and does not notice", async () => {
    const { size } = await sendTo([{ state: "refused", offset: 0 }]);
    const clock = new HastyClock();
    const { isSent, calls } = await sendTo([receiving(size)], clock);
    expect(isSent).toBe(false);
    expect(calls.length).toBeLessThan(100);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(60_000);
  });

  it("gives up a receiver that keeps losing what it had", async () => {
    const answers = [1, 2, 3, 4].flatMap(() => [receiving(MIB), receiving(0)]);
    expect((await sendTo(answers)).calls).toHaveLength(8);
  });
});

describe("a pacer", () => {
  it("lets bytes through at its rate, the first at once", async () => {
    const slept: number[] = [];
    let nowMs = 0;
    const sleep = async (ms: number): Promise<void> => void slept.push(ms);
    const pacer = new Pacer(1_000, { ...stillClock, monotonicMs: () => nowMs, sleep });
    const { signal } = new AbortController();
    await pacer.take(500, signal);
    await Promise.all([pacer.take(500, signal), pacer.take(1, signal)]);
    expect(slept).toEqual([500, 1_000]);
    nowMs = 10_000;
    await pacer.take(500, signal);
    expect(slept).toHaveLength(2);
  });
});

/** A node that takes snapshots. */
async function takingNode(
  nodeId: string,
  wrap?: (service: ServiceRegistration) => ServiceRegistration,
): Promise<ListeningNode & { directory: Directory }> {
  const directory = new MemoryDirectory();
  const snapshots = new SnapshotReceiver({
    directory,
    onSnapshot: async (_from, _term, name) => {
      await storeOn(directory).receive(name);
      return true;
    },
  });
  const node = await listen({ nodeId, snapshots, ...(wrap && { wrap }) });
  return {
    ...node,
    directory,
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]();
      await snapshots[Symbol.asyncDispose]();
    },
  };
}

describe("a snapshot between two nodes", () => {
  const settings = { snapshotBytesPerSecond: Infinity };

  it("arrives as it was, though every third call fails", async () => {
    let calls = 0;
    const flaky = async (): Promise<void> => {
      if (++calls % 3 === 0) throw new UnavailableError("not now");
    };
    await using peer = await takingNode("peer:1/0", (service) => wrapped(service, flaky));
    const self = sender({ [peer.nodeId]: peer.origin }, { settings });
    await using transport = self.transport;
    const snapshot = await snapshotOf({ sizeBytes: 5_000_000 });
    expect(await transport.sendSnapshot(peer.nodeId, snapshot)).toBe(true);
    expect(await peer.directory.list()).toEqual(["snapshot-0000000000000040.bin"]);
    const arrived = await storeOn(peer.directory).openForSending(40);
    expect(await hashOf(arrived!)).toBe(await hashOf(snapshot));
    expect(calls).toBeGreaterThan(8);
  });

  it("is not sent when it is damaged", async () => {
    await using peer = await takingNode("peer:1/0");
    const self = sender({ [peer.nodeId]: peer.origin }, { settings });
    await using transport = self.transport;
    const snapshot = await snapshotOf();
    const readAt: OutgoingSnapshot["readAt"] = async (offset, length) => {
      const bytes = await snapshot.readAt(offset, length);
      return offset === MIB ? bytes.with(7, bytes[7]! ^ 1) : bytes;
    };
    expect(await transport.sendSnapshot(peer.nodeId, { ...snapshot, readAt })).toBe(false);
    expect(await peer.directory.list()).toEqual([]);
  });

  it.each([
    { name: "nobody knows where the node is", node: "nowhere:1/0" },
    { name: "the node takes none", node: "plain:1/0" },
  ])("is not sent when $name", async ({ node }) => {
    await using plain = await listen({ nodeId: "plain:1/0" });
    const self = sender({ [plain.nodeId]: plain.origin }, { settings });
    await using transport = self.transport;
    expect(await transport.sendSnapshot(node, await snapshotOf())).toBe(false);
  });

  it("is not sent when its file cannot be read", async () => {
    await using peer = await takingNode("peer:1/0");
    const self = sender({ [peer.nodeId]: peer.origin }, { settings });
    await using transport = self.transport;
    const readAt = (): Promise<Uint8Array> => Promise.reject(new Error("input/output error"));
    expect(await transport.sendSnapshot(peer.nodeId, { ...(await snapshotOf()), readAt })).toBe(false);
  });

  it("is one at a time for a node, two in all", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const asked: string[] = [];
    const holding = (name: string) => (service: ServiceRegistration) =>
      wrapped(service, () => {
        asked.push(name);
        return held;
      });
    await using a = await takingNode("a:1/0", holding("a"));
    await using b = await takingNode("b:1/0", holding("b"));
    await using c = await takingNode("c:1/0", holding("c"));
    const origins = Object.fromEntries([a, b, c].map(({ nodeId, origin }) => [nodeId, origin]));
    const self = sender(origins, { settings });
    await using transport = self.transport;
    const snapshot = await snapshotOf({ sizeBytes: 1_000 });
    const sending = [a, b, c].map(({ nodeId }) => transport.sendSnapshot(nodeId, snapshot));
    expect(await transport.sendSnapshot(a.nodeId, snapshot)).toBe(false);
    while (asked.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(asked.toSorted()).toEqual(["a", "b"]);
    release();
    expect(await Promise.all(sending)).toEqual([true, true, true]);
    expect(await transport.sendSnapshot(a.nodeId, snapshot)).toBe(true);
  });

  it.each([
    { name: "its node leaves", stop: async (transport: SendingTransport) => transport.retain([]) },
    { name: "the sender closes", stop: (transport: SendingTransport) => transport[Symbol.asyncDispose]() },
  ])("ends when $name", async ({ stop }) => {
    let called = (): void => undefined;
    const whenCalled = new Promise<void>((resolve) => (called = resolve));
    const holdForEver = (service: ServiceRegistration): ServiceRegistration =>
      wrapped(service, () => {
        called();
        return new Promise(() => undefined);
      });
    await using peer = await takingNode("peer:1/0", holdForEver);
    const self = sender({ [peer.nodeId]: peer.origin }, { settings });
    await using transport = self.transport;
    const sending = transport.sendSnapshot(peer.nodeId, await snapshotOf());
    await whenCalled;
    await stop(transport);
    expect(await sending).toBe(false);
  });
});

type SendingTransport = ReturnType<typeof sender>["transport"];
