import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  CanceledError,
  Code,
  InvalidArgumentError,
  InvariantError,
  ResourceExhaustedError,
  UnavailableError,
} from "@hearth/errors";

import { Threads, WorkerPool } from "../src/index.ts";
import type * as tasks from "./example-worker.ts";
import type * as urgentTasks from "./urgent-worker.ts";

const { signal } = new AbortController();
const entry = new URL("./example-worker.ts", import.meta.url);

describe("WorkerPool", () => {
  let threads: Threads;
  let pool: WorkerPool<typeof tasks>;

  beforeEach(() => {
    threads = new Threads({ maxThreads: 1, idleTimeoutMs: 10_000 });
    pool = new WorkerPool({ entry, maxQueued: 2 }, threads);
  });
  afterEach(async () => {
    await pool[Symbol.asyncDispose]();
    await threads[Symbol.asyncDispose]();
  });

  it("starts threads only when there is work", async () => {
    expect(threads.count).toBe(0);
    expect(await pool.run("double", 21, [], signal)).toBe(42);
    expect(threads.count).toBe(1);
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
    expect(threads.count).toBe(1);
  });

  it("ends a task whose caller goes away, where tasks may be long, and goes on with the next", async () => {
    const settings = { entry, maxQueued: 2, endsAbandonedTasks: true };
    await using pool = new WorkerPool<typeof tasks>(settings, threads);
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

  it("refuses when too many tasks wait, and takes more when they are done", async () => {
    const accepted = [1, 2, 3].map((value) => pool.run("double", value, [], signal));
    await expect(pool.run("double", 4, [], signal)).rejects.toThrow(ResourceExhaustedError);
    expect(await Promise.all(accepted)).toEqual([2, 4, 6]);
    expect(await pool.run("double", 4, [], signal)).toBe(8);
  });

  it("counts tasks whose callers went away until they are done", async () => {
    const controller = new AbortController();
    const abandoned = [1, 2, 3].map((value) => pool.run("double", value, [], controller.signal));
    controller.abort(new CanceledError("the caller went away"));
    await Promise.allSettled(abandoned);
    await expect(pool.run("double", 4, [], signal)).rejects.toThrow(ResourceExhaustedError);
  });

  it("runs tasks in the order in which they came", async () => {
    const patient = new WorkerPool<typeof tasks>({ entry, maxQueued: 50 }, threads);
    const order: number[] = [];
    const values = Array.from({ length: 50 }, (_, index) => index);
    await Promise.all(
      values.map(async (value) => {
        await patient.run("double", value, [], signal);
        order.push(value);
      }),
    );
    expect(order).toEqual(values);
  });

  it("lets urgent tasks of another pool on the same threads go first", async () => {
    const urgentEntry = new URL("./urgent-worker.ts", import.meta.url);
    const urgent = new WorkerPool<typeof urgentTasks>(
      { entry: urgentEntry, maxQueued: 2, isUrgent: true },
      threads,
    );
    const order: string[] = [];
    const note = async (name: string, task: Promise<unknown>): Promise<void> => {
      await task;
      order.push(name);
    };
    await Promise.all([
      note("first", pool.run("double", 1, [], signal)),
      note("second", pool.run("double", 2, [], signal)),
      note("third", pool.run("double", 3, [], signal)),
      note("urgent", urgent.run("triple", 1, [], signal)),
    ]);
    // A task that a thread has begun, or was promised, is not taken from it.
    expect(order.indexOf("urgent")).toBeLessThan(order.indexOf("third"));
    expect(threads.count).toBe(1);
  });

  it("finishes its work when closed, and takes no more", async () => {
    const running = pool.run("double", 1, [], signal);
    await pool[Symbol.asyncDispose]();
    await pool[Symbol.asyncDispose]();
    expect(await running).toBe(2);
    await expect(pool.run("double", 1, [], signal)).rejects.toThrow(UnavailableError);
  });

  it("is unavailable when the code cannot be loaded", async () => {
    const missing = new URL("./no-such-worker.ts", import.meta.url);
    const broken = new WorkerPool<typeof tasks>({ entry: missing, maxQueued: 2 }, threads);
    await expect(broken.run("double", 1, [], signal)).rejects.toThrow(UnavailableError);
    await broken[Symbol.asyncDispose]();
  });
});
