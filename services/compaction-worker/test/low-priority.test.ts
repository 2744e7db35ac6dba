import { getPriority, platform } from "node:os";

import { describe, expect, it } from "@jest/globals";
import { Threads, WorkerPool } from "@hearth/worker-pool";

import { standBack } from "../src/merge/low-priority.ts";
import type * as tasks from "./support/priority-worker.ts";

const { signal } = new AbortController();

describe("standBack", () => {
  it("makes a worker thread nicer on Linux, never less nice, and leaves the others alone", async () => {
    const isLinux = platform() === "linux";
    const before = getPriority();
    await using threads = new Threads({ maxThreads: 1, idleTimeoutMs: 1000 });
    const entry = new URL("./support/priority-worker.ts", import.meta.url);
    await using pool = new WorkerPool<typeof tasks>({ entry, maxQueued: 1 }, threads);
    expect(await pool.run("niceness", [19, 5], [], signal)).toEqual(isLinux ? [19, 19] : [before, before]);
    standBack(19);
    expect(getPriority()).toBe(before);
  });
});
