import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  CanceledError,
  Code,
  InvalidArgumentError,
  InvariantError,
  ResourceExhaustedError,
  UnavailableError,
} from "@hearth/errors";

import { WorkerPool } from "../src/index.ts";
import type * as tasks from "./example-worker.ts";

const { signal } = new AbortController();
const entry = new URL("./example-worker.ts", import.meta.url);

describe("WorkerPool", () => {
  let pool: WorkerPool<typeof tasks>;

  beforeEach(() => {
    pool = new WorkerPool({ entry, maxThreads: 1, idleTimeoutMs: 10_000, maxQueued: 2 });
  });
  afterEach(() => pool[Symbol.asyncDispose]());

  it("starts threads only when there is work", async () => {
    expect(pool.threadCount).toBe(0);
    expect(await pool.run("double", 21, [], signal)).toBe(42);
    expect(pool.threadCount).toBe(1);
  });

  it("moves memory there and back", async () => {
    const bytes = new Uint8Array(1 << 20).fill(7);
    bytes[0] = 1;
    const reversed = await pool.run("reverse", { bytes }, [bytes.buffer], signal);
    expect(bytes.length).toBe(0);
    expect(reversed.lengthBefore).toBe(1 << 20);
    expect([reversed.bytes[0], reversed.bytes.at(-1)]).toEqual([7, 1]);
  });

  it("brings errors back as they were thrown", async () => {
    const refusal = await pool.run("fail", "refuse", [], signal).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(InvalidArgumentError);
    expect(refusal).toMatchObject({ code: Code.InvalidArgument, message: "bad columns: row=3" });
    expect(refusal).toMatchObject({ stack: expect.stringContaining("example-worker.ts") });

    const limit = await pool.run("fail", "limit", [], signal).catch((error: unknown) => error);
    expect(limit).toBeInstanceOf(ResourceExhaustedError);
    expect(limit).toMatchObject({ retryAfterMs: 250 });

    await expect(pool.run("fail", "bug", [], signal)).rejects.toThrow(InvariantError);
    await expect(pool.run("fail", "plain", [], signal)).rejects.toMatchObject({
      name: "RangeError",
      message: "out of range",
    });
    await expect(pool.run("fail", "text", [], signal)).rejects.toThrow("a text");
  });

  it("lets a caller go at once, while the thread finishes the task and goes on with the next", async () => {
    const controller = new AbortController();
    const reason = new CanceledError("the caller went away");
    const abandoned = pool.run("double", 4, [], controller.signal);
    const next = pool.run("double", 5, [], signal);
    controller.abort(reason);
    await expect(abandoned).rejects.toBe(reason);
    expect(await next).toBe(10);
    expect(pool.threadCount).toBe(1);
  });

  it("ends a task whose caller goes away, where tasks may be long, and goes on with the next", async () => {
    const limits = { entry, maxThreads: 1, idleTimeoutMs: 10_000, maxQueued: 2 };
    await using pool = new WorkerPool<typeof tasks>({ ...limits, endsAbandonedTasks: true });
    const controller = new AbortController();
    const reason = new CanceledError("the caller went away");
    const spinning = pool.run("spin", undefined, [], controller.signal);
    const waiting = pool.run("double", 4, [], controller.signal);
    const next = pool.run("double", 5, [], signal);
    controller.abort(reason);
    await expect(spinning).rejects.toBe(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(await next).toBe(10);
  });

  it("refuses when too many tasks wait", async () => {
    const accepted = [1, 2].map((value) => pool.run("double", value, [], signal));
    const refused = pool.run("double", 3, [], signal);
    const last = pool.run("double", 4, [], signal);
    const results = await Promise.allSettled([...accepted, refused, last]);
    const refusals = results.filter((result) => result.status === "rejected");
    expect(refusals.length).toBeGreaterThan(0);
    expect(refusals.every(({ reason }) => reason instanceof ResourceExhaustedError)).toBe(true);
    expect(results[0]).toEqual({ status: "fulfilled", value: 2 });
  });

  it("finishes its work when closed, and takes no more", async () => {
    const running = pool.run("double", 1, [], signal);
    await pool[Symbol.asyncDispose]();
    await pool[Symbol.asyncDispose]();
    expect(await running).toBe(2);
    expect(pool.threadCount).toBe(0);
    await expect(pool.run("double", 1, [], signal)).rejects.toThrow(UnavailableError);
  });

  it("is unavailable when the code cannot be loaded", async () => {
    const broken = new WorkerPool<typeof tasks>({
      entry: new URL("./no-such-worker.ts", import.meta.url),
      maxThreads: 1,
      idleTimeoutMs: 0,
      maxQueued: 2,
    });
    await expect(broken.run("double", 1, [], signal)).rejects.toThrow(UnavailableError);
    await broken[Symbol.asyncDispose]();
  });
});
