import { describe, expect, it } from "@jest/globals";

import { Progress } from "../src/progress.ts";

function replicating(matchIndex: number): Progress {
  const progress = new Progress(matchIndex + 1);
  progress.acknowledge(matchIndex);
  progress.becomeReplicate();
  return progress;
}

describe("what a leader knows of a peer", () => {
  it("pauses a probe when an Append is out, and does not go on before the answer", () => {
    const progress = new Progress(5);
    progress.noteSent(7, 100);
    expect(progress).toMatchObject({ isPaused: true, nextIndex: 5, inFlightCount: 0 });
  });

  it("goes on without waiting when it replicates", () => {
    const progress = replicating(4);
    progress.noteSent(7, 100);
    expect(progress).toMatchObject({ isPaused: false, nextIndex: 8, inFlightCount: 1 });
  });

  it.each([
    { name: "16 Appends", count: 16, sizeBytes: 1 },
    { name: "8 MiB", count: 8, sizeBytes: 1024 * 1024 },
    { name: "one Append of 8 MiB", count: 1, sizeBytes: 8 * 1024 * 1024 },
  ])("has a full window with $name unanswered, and not before", ({ count, sizeBytes }) => {
    const progress = replicating(0);
    for (let sent = 1; sent <= count; sent++) {
      expect(progress.isWindowFull).toBe(false);
      progress.noteSent(sent, sizeBytes);
    }
    expect(progress.isWindowFull).toBe(true);
    progress.acknowledge(1);
    expect(progress.isWindowFull).toBe(false);
  });

  it.each([
    { name: "one Append", index: 3, isNews: true, inFlight: 2, match: 3 },
    { name: "several at once", index: 6, isNews: true, inFlight: 1, match: 6 },
    { name: "a part of one", index: 5, isNews: true, inFlight: 2, match: 5 },
    { name: "nothing new", index: 2, isNews: false, inFlight: 3, match: 2 },
    { name: "less than before", index: 1, isNews: false, inFlight: 3, match: 2 },
  ])("frees what an acknowledgement covers: $name", ({ index, isNews, inFlight, match }) => {
    const progress = replicating(2);
    for (const last of [3, 6, 9]) progress.noteSent(last, 10);
    expect(progress.acknowledge(index)).toBe(isNews);
    expect(progress).toMatchObject({ inFlightCount: inFlight, matchIndex: match, nextIndex: 10 });
  });

  it("never looks below what was acknowledged", () => {
    const progress = replicating(5);
    progress.noteSent(9, 10);
    progress.becomeProbe(3);
    expect(progress).toMatchObject({ state: "probe", nextIndex: 6, inFlightCount: 0, isPaused: false });
  });

  it("begins after what was acknowledged when it replicates again", () => {
    const progress = new Progress(9);
    progress.noteSent(9, 10);
    progress.acknowledge(4);
    progress.becomeReplicate();
    expect(progress).toMatchObject({ state: "replicate", nextIndex: 5, isPaused: false });
  });

  it("counts for no commit when the peer has lost what it acknowledged", () => {
    const progress = replicating(5);
    expect(progress.countedIndex).toBe(5);
    progress.hasRegressed = true;
    expect(progress.countedIndex).toBe(0);
  });
});
