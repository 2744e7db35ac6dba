import { describe, expect, it } from "@jest/globals";

import { isAbandoned, stagedFileName } from "./staged-file.ts";

const HOUR_MS = 3_600_000;
const observer = {
  host: "writer-0.local",
  pid: 1,
  processStartMs: 10 * HOUR_MS,
  nowMs: 10.5 * HOUR_MS,
  isRunning: (pid: number) => pid === 42,
};
const recentlyMs = 10.4 * HOUR_MS;

describe("isAbandoned", () => {
  it.each([
    {
      name: "our own put under way",
      owner: { host: "writer-0.local", pid: 1 },
      modifiedMs: recentlyMs,
      want: false,
    },
    {
      name: "our process id of an earlier life",
      owner: { host: "writer-0.local", pid: 1 },
      modifiedMs: 9.9 * HOUR_MS,
      want: true,
    },
    {
      name: "a process that runs beside us",
      owner: { host: "writer-0.local", pid: 42 },
      modifiedMs: recentlyMs,
      want: false,
    },
    {
      name: "a process that is gone",
      owner: { host: "writer-0.local", pid: 43 },
      modifiedMs: recentlyMs,
      want: true,
    },
    {
      name: "another host, recently",
      owner: { host: "writer-1", pid: 43 },
      modifiedMs: recentlyMs,
      want: false,
    },
    {
      name: "another host, long ago",
      owner: { host: "writer-1", pid: 43 },
      modifiedMs: 9.4 * HOUR_MS,
      want: true,
    },
  ])("$name: $want", ({ owner, modifiedMs, want }) => {
    expect(isAbandoned(stagedFileName(owner, Uint8Array.of(1, 255)), modifiedMs, observer)).toBe(want);
  });

  it.each(["note.txt", "", "a.b"])("leaves a file of an unknown name alone, at first: %j", (name) => {
    expect(isAbandoned(name, recentlyMs, observer)).toBe(false);
  });
});
