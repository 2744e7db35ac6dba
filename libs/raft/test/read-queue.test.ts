import { describe, expect, it } from "@jest/globals";

import { ReadQueue } from "../src/read-queue.ts";

const read = (readId: number): { node: string; bootId: number; readId: number } => ({
  node: "a",
  bootId: 1,
  readId,
});

describe("reads that wait at a leader", () => {
  it("are confirmed by their round, in order, each with the index of its time", () => {
    const queue = new ReadQueue();
    queue.add(read(1), 5);
    queue.add(read(2), 5);
    queue.add(read(3), 8);
    expect(queue.confirm(2)).toMatchObject([
      { origin: read(1), index: 5 },
      { origin: read(2), index: 5 },
    ]);
    expect(queue.confirm(2)).toEqual([]);
    expect(queue.confirm(9)).toMatchObject([{ origin: read(3), index: 8 }]);
    expect(queue.length).toBe(0);
  });

  it("begin when an entry of the term is committed, with its index", () => {
    const queue = new ReadQueue();
    queue.hold(read(1));
    queue.hold(read(2));
    expect([queue.length, queue.roundId, queue.takeRound()]).toEqual([2, 0, false]);
    queue.releaseHeld(7);
    expect(queue.takeRound()).toBe(true);
    expect(queue.confirm(queue.roundId)).toMatchObject([{ index: 7 }, { index: 7 }]);
  });

  it("are asked for one round at a time, and a round takes all that wait", () => {
    const queue = new ReadQueue();
    queue.add(read(1), 5);
    expect([queue.takeRound(), queue.takeRound()]).toEqual([true, false]);
    queue.add(read(2), 5);
    queue.add(read(3), 5);
    // The first round is under way.
    expect(queue.takeRound()).toBe(false);
    queue.confirm(1);
    expect([queue.takeRound(), queue.roundId]).toEqual([true, 3]);
  });

  it("need no round of their own when a heartbeat has gone out anyway", () => {
    const queue = new ReadQueue();
    queue.add(read(1), 5);
    queue.noteAsked();
    expect(queue.takeRound()).toBe(false);
  });

  it("are all given back when the lead is lost, and rounds begin again", () => {
    const queue = new ReadQueue();
    queue.hold(read(1));
    queue.add(read(2), 5);
    queue.takeRound();
    expect(queue.clear()).toEqual([read(1), read(2)]);
    expect([queue.length, queue.roundId, queue.confirm(99)]).toEqual([0, 0, []]);
    queue.add(read(3), 6);
    expect(queue.takeRound()).toBe(true);
  });
});
