import { describe, expect, it } from "@jest/globals";
import { Code, DomainError } from "@hearth/errors";
import { seededRandom } from "@hearth/runtime";
import { FUTURE_COMMAND } from "../support/list-machine.ts";
import { SimulatedNode, TRAILING_ENTRIES, turns } from "../support/simulated-node.ts";

async function startedNode(seed = 1): Promise<SimulatedNode> {
  const node = new SimulatedNode(seededRandom(seed));
  await node.log.start();
  return node;
}

const entryRange = { from: Uint8Array.of(0x6c), to: Uint8Array.of(0x6d) };

describe("the log of a single node", () => {
  it("is led at once: a term, a vote and an entry of that term", async () => {
    const node = await startedNode();
    expect(node.log.status()).toMatchObject({
      role: "leader",
      term: 2,
      firstIndex: 2,
      lastIndex: 2,
      appliedIndex: 2,
    });
  });

  it("begins a new term at each start", async () => {
    const node = await startedNode();
    node.crash();
    node.boot();
    await node.log.start();
    expect(node.log.status()).toMatchObject({ role: "leader", term: 3, lastIndex: 3 });
  });

  it("applies in the order of the proposals and answers each with its result", async () => {
    const node = await startedNode();
    const commands = Array.from({ length: 50 }, (_, n) => `command ${n}`);
    expect(await Promise.all(commands.map((command) => node.propose(command)))).toEqual([...commands.keys()]);
    expect(node.machine.applied).toEqual(commands);
  });

  it("syncs proposals that come together with one write", async () => {
    const node = await startedNode();
    const open = node.kv.open.bind(node.kv);
    let commits = 0;
    node.kv.open = () => {
      const store = open();
      const commit = store.commit.bind(store);
      store.commit = (writes) => {
        commits++;
        return commit(writes);
      };
      return store;
    };
    node.boot();
    await node.log.start();
    commits = 0;
    await Promise.all(Array.from({ length: 100 }, (_, n) => node.propose(`command ${n}`)));
    expect(commits).toBeLessThanOrEqual(2);
  });

  it("answers reads with the index that is applied", async () => {
    const node = await startedNode();
    await node.propose("command");
    expect(await node.readIndex()).toBe(3);
  });

  it("tells a caller that stops waiting why, and applies the command all the same", async () => {
    const node = await startedNode();
    const caller = new AbortController();
    const outcome = node.log.propose(new TextEncoder().encode("command"), caller.signal);
    caller.abort(new Error("no patience"));
    await expect(outcome).rejects.toThrow("no patience");
    await node.propose("next");
    expect(node.machine.applied).toEqual(["command", "next"]);
  });

  it("does not propose for a caller that is gone already", async () => {
    const node = await startedNode();
    await expect(node.log.propose(new Uint8Array(1), AbortSignal.abort(new Error("gone")))).rejects.toThrow(
      "gone",
    );
    expect(node.log.status().lastIndex).toBe(2);
  });

  it("refuses more than 64 MiB under way", async () => {
    const node = await startedNode();
    const large = new Uint8Array(8 * 1024 * 1024);
    const { signal } = new AbortController();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 9 }, () => node.log.propose(large, signal)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([...Array(8).fill("fulfilled"), "rejected"]);
    expect(outcomes.at(-1)).toMatchObject({ reason: { code: Code.ResourceExhausted } });
    await expect(node.propose("later")).resolves.toBeGreaterThan(0);
  });

  it("refuses proposals while it is held, and says why; reads go on", async () => {
    const node = await startedNode();
    node.log.hold("the disk is full");
    await expect(node.propose("a")).rejects.toMatchObject({
      code: Code.ResourceExhausted,
      message: "the disk is full",
    });
    await expect(node.readIndex()).resolves.toBe(2);
    node.log.hold(undefined);
    await expect(node.propose("b")).resolves.toBe(0);
  });

  it("knows how long a write takes that does not come back", async () => {
    const node = await startedNode();
    await node.propose("before");
    expect(node.log.writeElapsedMs).toBe(0);
    node.kv.crash();
    void node.propose("stuck").catch(() => {});
    await turns(20);
    node.advance(31_000);
    expect(node.log.writeElapsedMs).toBe(31_000);
  });

  it.each(["kv", "directory"] as const)("stops for good when a write of the %s fails", async (disk) => {
    const node = await startedNode();
    node[disk].failAfter(0);
    const outcomes = await Promise.allSettled([node.propose("a"), node.propose("b")]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(DomainError) });
      expect(outcome).toMatchObject({
        reason: { code: Code.Unavailable, message: expect.stringContaining("unknown") },
      });
    }
    node[disk].failAfter(Infinity);
    await expect(node.propose("c")).rejects.toThrow("failed");
    await expect(node.readIndex()).rejects.toThrow("failed");
    expect(node.problems).toHaveLength(1);
    expect(node.log.status().role).toBe("failed");
  });

  it("stops before an entry that only a newer version can apply", async () => {
    const node = await startedNode();
    await node.propose("before");
    await expect(node.propose(FUTURE_COMMAND)).rejects.toThrow("newer version");
    await expect(node.propose("after")).rejects.toThrow("newer version");
    expect(node.machine.applied).toEqual(["before"]);
    node.crash();
    node.boot();
    await node.log.start();
    expect(node.log.status()).toMatchObject({ role: "failed", problem: "a newer version is needed" });
  });

  it("cuts what lies after the last whole entry", async () => {
    const node = await startedNode();
    await node.propose("last");
    node.crash();
    const entryKey = (index: number): Uint8Array => Uint8Array.of(0x6c, 0, 0, 0, 0, 0, 0, 0, index);
    const torn = [4, 6, 7].map(
      (index) => ({ type: "put", key: entryKey(index), value: Uint8Array.of(1) }) as const,
    );
    await node.kv.open().commit(torn);
    node.boot();
    await node.log.start();
    expect(node.log.status()).toMatchObject({ role: "leader", lastIndex: 4 });
    expect(node.kv.entries(entryRange).map(([key]) => key[8])).toEqual([2, 3, 4]);
  });

  it("refuses proposals after it was closed, and finds all at the next start", async () => {
    const node = await startedNode();
    const last = node.propose("last");
    await node.log[Symbol.asyncDispose]();
    await expect(last).resolves.toBe(0);
    await expect(node.propose("late")).rejects.toThrow("role=stopped");
    await node.log[Symbol.asyncDispose]();
    node.boot();
    await node.log.start();
    expect(node.machine.applied).toEqual(["last"]);
  });
});

describe("snapshots of the log", () => {
  async function nodeWithSnapshot(): Promise<SimulatedNode> {
    const node = await startedNode();
    for (let n = 0; n < 10; n++) await node.propose(`command ${n}`);
    await node.takeSnapshot();
    return node;
  }

  it("free the log but for the trailing entries", async () => {
    const node = await nodeWithSnapshot();
    expect(node.log.status()).toMatchObject({ snapshotIndex: 12, firstIndex: 12 - TRAILING_ENTRIES + 1 });
    expect(node.kv.entries(entryRange)).toHaveLength(TRAILING_ENTRIES);
  });

  it("are what the next start begins with", async () => {
    const node = await nodeWithSnapshot();
    await node.propose("after");
    node.crash();
    node.boot();
    await node.log.start();
    expect(node.machine.applied).toHaveLength(11);
    expect(node.log.status().snapshotIndex).toBe(12);
  });

  it("leave the log alone when they cannot be written", async () => {
    const node = await startedNode();
    await node.propose("command");
    node.snapshots.failAfter(0);
    await expect(node.takeSnapshot()).rejects.toThrow("input/output");
    expect(node.log.status()).toMatchObject({ role: "leader", snapshotIndex: 1, firstIndex: 2 });
    await node.propose("next");
  });

  it("are not repeated when nothing happened", async () => {
    const node = await nodeWithSnapshot();
    const names = node.snapshots.names();
    await node.takeSnapshot();
    expect(node.snapshots.names()).toEqual(names);
  });

  it("show the state at one index although commands go on", async () => {
    const node = await startedNode();
    for (let n = 0; n < 5; n++) await node.propose(`before ${n}`);
    const snapshot = node.takeSnapshot();
    const later = Promise.all(Array.from({ length: 20 }, (_, n) => node.propose(`after ${n}`)));
    await Promise.all([snapshot, later]);
    node.crash();
    node.boot();
    await node.log.start();
    expect(node.machine.applied).toHaveLength(25);
  });
});
