import { describe, expect, it } from "@jest/globals";
import { UnavailableError } from "@hearth/errors";
import { entrySizeBytes, type LogEntry } from "@hearth/raft";
import type { FrameMessage } from "../../src/raft-transport/frame-message.ts";
import { ForeignEnvelopeError } from "../../src/raft-transport/envelope.ts";
import { Lane, type LaneDeps, type LaneSettings } from "../../src/raft-transport/lane.ts";
import { decodeFrame } from "../../src/raft-transport/wire-messages.ts";
import { ManualClock } from "./support/manual-clock.ts";
import { Recorded, RecordingObserver } from "./support/recorded.ts";
import { append, chained, chainOf, commands, from, heartbeat, start, to } from "./support/samples.ts";

interface Call {
  readonly messages: FrameMessage[];
  readonly answer: () => void;
  readonly fail: (error?: Error) => void;
}

/** A lane whose calls the test answers. */
function laneWith(options: Partial<LaneDeps> & { settings?: Partial<LaneSettings> } = {}) {
  const calls = new Recorded<Call>();
  const observer = new RecordingObserver();
  const clock = new ManualClock();
  const signals = new Recorded<string>();
  const lane = new Lane(
    {
      node: to,
      clock,
      random: { next: () => 0.5, fill: (bytes) => bytes },
      observer,
      deliver: (frame, signal) =>
        new Promise((resolve, reject) => {
          const fail = (error: Error = new UnavailableError("away")): void => reject(error);
          signal.addEventListener("abort", () => fail());
          calls.add({ messages: decodeFrame(frame, { from, to, chainOf }), answer: resolve, fail });
        }),
      onUnreachable: (node) => signals.add(`unreachable ${node}`),
      ...options,
    },
    {
      queue: { messageCount: 4, sizeBytes: 4 * 1024 * 1024 },
      minBackoffMs: 50,
      maxBackoffMs: 2_000,
      ...options.settings,
    },
  );
  return { lane, calls, observer, clock, signals };
}

/** The last call made, once there are `count`. */
async function callOf(calls: Recorded<Call>, count: number): Promise<Call> {
  return (await calls.first(count)).at(-1)!;
}

describe("a lane", () => {
  it("puts into one frame what was sent in one turn, and then what gathered while that was under way", async () => {
    const { lane, calls, observer } = laneWith();
    await using _ = lane;
    lane.send(heartbeat(1));
    lane.send(heartbeat(2));
    const first = await callOf(calls, 1);
    for (const id of [3, 4, 5]) lane.send(heartbeat(id));
    first.answer();
    const second = await callOf(calls, 2);
    second.answer();
    await observer.events.first(2);
    expect(first.messages).toEqual([heartbeat(1), heartbeat(2)]);
    expect(second.messages).toEqual([3, 4, 5].map(heartbeat));
    expect(observer.events.all).toEqual(["sent 2", "sent 3"]);
  });

  it("drops what does not fit, and tells so after the call", async () => {
    const { lane, calls, observer, signals } = laneWith();
    await using _ = lane;
    lane.send(heartbeat(1));
    await calls.first(1);
    for (let id = 2; id <= 7; id++) lane.send(heartbeat(id));
    expect(signals.all).toEqual([]);
    await signals.first(2);
    expect(signals.all).toEqual([`unreachable ${to}`, `unreachable ${to}`]);
    expect(observer.events.all).toEqual(["dropped 1 queue-full", "dropped 1 queue-full"]);
    (await callOf(calls, 1)).answer();
    expect((await callOf(calls, 2)).messages).toEqual([2, 3, 4, 5].map(heartbeat));
  });

  it("bounds what waits by bytes too, and takes one message of any size", async () => {
    const { lane, calls, observer } = laneWith({
      settings: { queue: { messageCount: 99, sizeBytes: 5_000 } },
    });
    await using _ = lane;
    const message = append(start, chained(start, commands(1, 20_000)));
    lane.send(message);
    lane.send(message);
    expect(observer.events.all).toEqual(["dropped 1 queue-full"]);
    expect((await callOf(calls, 1)).messages).toHaveLength(1);
  });

  it("sends no more than 1 MiB in a frame", async () => {
    const { lane, calls } = laneWith();
    await using _ = lane;
    const message = append(start, chained(start, commands(4, 100_000)));
    for (let i = 0; i < 4; i++) lane.send(message);
    const first = await callOf(calls, 1);
    first.answer();
    const second = await callOf(calls, 2);
    expect([first, second].map(({ messages }) => messages.length)).toEqual([2, 2]);
  });

  it("splits an Append that is larger than a frame", async () => {
    const { lane, calls } = laneWith();
    await using _ = lane;
    const entries = chained(start, commands(3, 700_000));
    lane.send(append(start, entries));
    const parts: FrameMessage[] = [];
    for (let count = 1; count <= 3; count++) {
      const call = await callOf(calls, count);
      parts.push(...call.messages);
      call.answer();
    }
    expect(parts.map(placesOf)).toEqual([
      [10, 11],
      [11, 12],
      [12, 13],
    ]);
  });

  it("loses what a failed call had, tells so once, and waits longer each time", async () => {
    const { lane, calls, observer, clock, signals } = laneWith();
    await using _ = lane;
    for (let failures = 1; failures <= 8; failures++) {
      lane.send(heartbeat(failures));
      (await callOf(calls, failures)).fail();
      await clock.whenSleeping();
      expect(signals.all).toHaveLength(failures);
      clock.advance(2_000);
    }
    expect(clock.slept).toEqual([25, 50, 100, 200, 400, 800, 1_000, 1_000]);
    lane.send(heartbeat(9));
    (await callOf(calls, 9)).answer();
    await observer.events.first(9);
    lane.send(heartbeat(10));
    (await callOf(calls, 10)).fail(new ForeignEnvelopeError("no"));
    await clock.whenSleeping();
    expect(clock.slept.at(-1)).toBe(25);
    expect(observer.events.all.slice(-3)).toEqual(["dropped 1 call-failed", "sent 1", "dropped 1 refused"]);
  });

  it("keeps what comes while it waits", async () => {
    const { lane, calls, clock } = laneWith();
    await using _ = lane;
    lane.send(heartbeat(1));
    (await callOf(calls, 1)).fail();
    await clock.whenSleeping();
    lane.send(heartbeat(2));
    lane.send(heartbeat(3));
    expect(calls.all).toHaveLength(1);
    clock.advance(50);
    expect((await callOf(calls, 2)).messages).toEqual([heartbeat(2), heartbeat(3)]);
  });

  it("drops what cannot be written, and goes on", async () => {
    const { lane, calls, observer } = laneWith();
    await using _ = lane;
    lane.send({ ...heartbeat(1), term: -1 });
    await observer.events.first(1);
    lane.send(heartbeat(2));
    (await callOf(calls, 1)).answer();
    await observer.events.first(2);
    expect(observer.events.all).toEqual(["dropped 1 not-sendable", "sent 1"]);
  });

  it("cuts what is under way when it closes, tells nobody, and takes nothing more", async () => {
    const { lane, calls, observer, signals } = laneWith();
    lane.send(heartbeat(1));
    await calls.first(1);
    lane.send(heartbeat(2));
    await lane[Symbol.asyncDispose]();
    await lane[Symbol.asyncDispose]();
    lane.send(heartbeat(3));
    expect(observer.events.all).toEqual(["dropped 1 closed", "dropped 1 closed", "dropped 1 closed"]);
    expect(signals.all).toEqual([]);
  });

  it("closes while it waits after a failure", async () => {
    const { lane, calls, clock } = laneWith();
    lane.send(heartbeat(1));
    (await callOf(calls, 1)).fail();
    await clock.whenSleeping();
    await lane[Symbol.asyncDispose]();
    expect(calls.all).toHaveLength(1);
  });
});

describe("an Append that is larger than a frame", () => {
  const log = chained(start, commands(40, 100_000));

  it("is sent in parts of 1 MiB, each following the one before, before what came after", async () => {
    const { lane, calls } = laneWith({});
    await using _ = lane;
    lane.send(append(start, log.slice(0, 25)));
    lane.send(append(placeOf(log[24]!), log.slice(25, 26)));
    const parts: FrameMessage[] = [];
    for (let count = 1; count <= 3; count++) {
      const call = await callOf(calls, count);
      parts.push(...call.messages);
      call.answer();
    }
    expect(parts.map(placesOf)).toEqual([
      [10, 20],
      [20, 30],
      [30, 35],
      [35, 36],
    ]);
    expect(parts.every((part) => part.type === "append" && sizeOf(part.entries) <= 1024 * 1024)).toBe(true);
  });
});

/** After which entry it begins, and with which it ends. */
function placesOf(message: FrameMessage): unknown {
  return message.type === "append" && [message.prev.index, message.entries.at(-1)?.index];
}

function placeOf({ index, term, chain }: LogEntry) {
  return { index, term, chain };
}

function sizeOf(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, entry) => sum + entrySizeBytes(entry), 0);
}
