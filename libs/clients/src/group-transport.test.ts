import type { Transport } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";
import {
  DeadlineExceededError,
  InvalidArgumentError,
  NotLeaderError,
  UnavailableError,
} from "@hearth/errors";
import { IndexService } from "@hearth/proto/hearth/metastore/v1";
import { seededRandom, systemClock, untilAborted, type Clock } from "@hearth/runtime";

import { Connection } from "./connection.ts";
import { GroupTransport } from "./group-transport.ts";

/** Each pause counts, and takes no time. */
class PausingClock implements Clock {
  pauses = 0;
  onPause: () => void = () => {};
  nowMs = (): number => 0;
  nowNanos = (): bigint => 0n;
  monotonicMs = (): number => 0;
  sleep = async (_ms: number, signal?: AbortSignal): Promise<void> => {
    this.pauses++;
    this.onPause();
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  };
}

type Answer = "answers" | "is silent" | Error;

/** A group of three whose members answer as told; `asked` says who was asked, in order. */
class Group {
  readonly clock = new PausingClock();
  readonly asked: string[] = [];
  readonly answers = new Map<string, Answer>();
  readonly members = ["a", "b", "c"].map((host) => this.#connection(host));
  readonly transport = new GroupTransport(
    { members: this.members, stream: () => Promise.reject(new Error("no streams")) },
    { clock: this.clock, random: seededRandom(1) },
  );

  async call(timeoutMs = 60_000): Promise<void> {
    await this.transport.unary(IndexService.method.addBlocks, undefined, timeoutMs, undefined, {});
  }

  #connection(host: string): Connection {
    const unary = async (_method: unknown, signal?: AbortSignal): Promise<unknown> => {
      this.asked.push(host);
      const answer = this.answers.get(host) ?? "answers";
      if (answer === "is silent") return untilAborted(new Promise(() => {}), signal!);
      if (answer !== "answers") throw answer;
      return { stream: false };
    };
    const transport = { unary, stream: unary, [Symbol.asyncDispose]: async () => {} };
    return new Connection(
      { id: host, host, port: 9095 },
      transport as unknown as Transport & AsyncDisposable,
      systemClock,
    );
  }
}

const leaderIs = (host: string): NotLeaderError =>
  new NotLeaderError("not the leader", { leader: { id: host, address: `${host}:9099` } });

describe("calls to a group that one member leads", () => {
  it("stay with the member that answered", async () => {
    const group = new Group();
    group.answers.set("a", new UnavailableError("down"));
    for (let n = 0; n < 3; n++) await group.call();
    expect(group.asked).toEqual(["a", "b", "b", "b"]);
  });

  it("go where an answer sends them, without asking others and without a pause", async () => {
    const group = new Group();
    group.answers.set("a", leaderIs("c"));
    await group.call();
    expect(group.asked).toEqual(["a", "c"]);
    expect(group.clock.pauses).toBe(0);
  });

  it("ask each member once, then pause, while nobody leads", async () => {
    const group = new Group();
    for (const host of ["a", "b", "c"]) group.answers.set(host, new NotLeaderError("nobody leads"));
    group.clock.onPause = () => {
      if (group.clock.pauses === 2) group.answers.set("b", "answers");
    };
    await group.call();
    expect(group.asked).toEqual(["a", "b", "c", "a", "b", "c", "a", "b"]);
    expect(group.clock.pauses).toBe(2);
  });

  it("are not sent in circles by members that name each other", async () => {
    const group = new Group();
    group.answers.set("a", leaderIs("b"));
    group.answers.set("b", leaderIs("a"));
    await group.call();
    expect(group.asked).toEqual(["a", "b", "c"]);
  });

  it("do not repeat what is wrong with the request itself", async () => {
    const group = new Group();
    group.answers.set("a", new InvalidArgumentError("no"));
    await expect(group.call()).rejects.toThrow(InvalidArgumentError);
    expect(group.asked).toEqual(["a"]);
  });

  it("keep the members that do not lead in use: that they say so is no failure", async () => {
    const group = new Group();
    for (const host of ["a", "b"]) group.answers.set(host, leaderIs("c"));
    for (let n = 0; n < 20; n++) {
      group.answers.set("c", new UnavailableError("restarts"));
      group.clock.onPause = () => void group.answers.set("c", "answers");
      await group.call();
    }
    expect(group.members.slice(0, 2).map((member) => member.isAvailable)).toEqual([true, true]);
  });

  it("turn to others when one takes too long, and ask it last from then on", async () => {
    const group = new Group();
    await group.call();
    group.answers.set("a", new DeadlineExceededError("the attempt's time is up"));
    for (let n = 0; n < 2; n++) await group.call();
    group.answers.set("b", new NotLeaderError("nobody leads"));
    group.answers.set("a", "answers");
    await group.call();
    expect(group.asked).toEqual(["a", "a", "b", "b", "b", "c"]);
  });

  it("leave a member that let a deadline pass, for the calls that follow", async () => {
    const group = new Group();
    group.answers.set("a", "is silent");
    await expect(group.call(20)).rejects.toThrow(DeadlineExceededError);
    await group.call(20);
    expect(group.asked).toEqual(["a", "b"]);
  });

  it("end with the deadline", async () => {
    const group = new Group();
    for (const host of ["a", "b", "c"]) group.answers.set(host, new NotLeaderError("nobody leads"));
    await expect(group.call(20)).rejects.toThrow(DeadlineExceededError);
  });
});
