import { createClient } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";

import { Code, DeadlineExceededError, InvalidArgumentError, UnavailableError } from "@hearth/errors";
import { TenantService } from "@hearth/proto/hearth/metastore/v1";
import { type ClosableTransport, errorInterceptor, implement, inProcessTransport } from "@hearth/rpc";
import { type Clock, seededRandom, systemClock } from "@hearth/runtime";
import { noopLogger } from "@hearth/telemetry";

import { defaultPoolSettings, type PoolDeps, ServicePool } from "./service-pool.ts";
import type { Address } from "./target.ts";
import { parseTarget } from "./target.ts";

/** Processes that answer with their own id, or fail as the test says. */
class FakeProcesses {
  readonly calls: string[] = [];
  readonly closed: string[] = [];
  readonly failing = new Map<string, () => Error>();

  readonly connect = (address: Address): ClosableTransport => {
    const { id } = address;
    const service = implement(TenantService, {
      getTenants: () => {
        this.calls.push(id);
        const fail = this.failing.get(id);
        if (fail) throw fail();
        return { tenants: [id] };
      },
    });
    return {
      ...inProcessTransport([service], [errorInterceptor(noopLogger)]),
      [Symbol.asyncDispose]: () => {
        this.closed.push(id);
        return Promise.resolve();
      },
    };
  };
}

/** Time that passes only by sleeping. */
function fakeClock(): Clock {
  let nowMs = 0;
  return {
    ...systemClock,
    monotonicMs: () => nowMs,
    sleep: (ms, signal) => {
      nowMs += ms;
      return signal?.aborted ? Promise.reject(signal.reason as Error) : Promise.resolve();
    },
  };
}

/** The time to look a name up again never comes. */
function withoutRefresh(clock: Clock): Clock {
  return {
    ...clock,
    sleep: (ms, signal) =>
      ms < defaultPoolSettings.refreshMs ? clock.sleep(ms, signal) : systemClock.sleep(60_000, signal),
  };
}

async function startPool(processes: FakeProcesses, text: string, deps: Partial<PoolDeps> = {}) {
  const pool = new ServicePool(parseTarget(text), defaultPoolSettings, {
    clock: fakeClock(),
    random: seededRandom(1),
    logger: noopLogger,
    connect: processes.connect,
    ...deps,
  });
  await pool.start();
  return { pool, client: createClient(TenantService, pool) };
}

const notReady = (): Error => new UnavailableError("not ready");

describe("a pool", () => {
  it("takes its processes in turn", async () => {
    const processes = new FakeProcesses();
    const { client } = await startPool(processes, "a:1,b:1,c:1");
    for (let call = 0; call < 6; call++) await client.getTenants({});
    expect(processes.calls).toEqual(["a:1", "b:1", "c:1", "a:1", "b:1", "c:1"]);
  });

  it("repeats what is unavailable with the next one", async () => {
    const processes = new FakeProcesses();
    processes.failing.set("a:1", notReady);
    const { client } = await startPool(processes, "a:1,b:1");
    expect((await client.getTenants({})).tenants).toEqual(["b:1"]);
  });

  it("leaves out a process that failed three times in a row, until a second has passed", async () => {
    const processes = new FakeProcesses();
    processes.failing.set("a:1", notReady);
    const clock = fakeClock();
    const { client, pool } = await startPool(processes, "a:1,b:1", { clock });
    for (let call = 0; call < 10; call++) await client.getTenants({});
    expect(processes.calls.filter((id) => id === "a:1")).toHaveLength(3);
    expect(pool.members.map((member) => member.isAvailable)).toEqual([false, true]);
    await clock.sleep(1000);
    expect(pool.members.map((member) => member.isAvailable)).toEqual([true, true]);
  });

  it.each([
    {
      name: "an error that is the caller's",
      error: new InvalidArgumentError("no"),
      code: Code.InvalidArgument,
    },
    { name: "a deadline", error: new DeadlineExceededError("late"), code: Code.DeadlineExceeded },
  ])("does not repeat $name", async ({ error, code }) => {
    const processes = new FakeProcesses();
    processes.failing.set("a:1", () => error);
    const { client } = await startPool(processes, "a:1");
    await expect(client.getTenants({})).rejects.toMatchObject({ code });
    expect(processes.calls).toHaveLength(1);
  });

  it("is unavailable in the end when nobody answers", async () => {
    const processes = new FakeProcesses();
    processes.failing.set("a:1", notReady);
    const { client } = await startPool(processes, "a:1");
    await expect(client.getTenants({})).rejects.toBeInstanceOf(UnavailableError);
    expect(processes.calls).toHaveLength(3);
  });

  it("stops repeating when the caller gives up", async () => {
    const processes = new FakeProcesses();
    const controller = new AbortController();
    processes.failing.set("a:1", () => {
      controller.abort();
      return notReady();
    });
    const { client } = await startPool(processes, "a:1");
    const call = client.getTenants({}, { signal: controller.signal });
    await expect(call).rejects.toMatchObject({ code: Code.Canceled });
    expect(processes.calls).toHaveLength(1);
  });

  it("is unavailable while no process is known, which is no error at the start", async () => {
    const lookup = (): Promise<never> => Promise.reject(new Error("no such name"));
    const { pool, client } = await startPool(new FakeProcesses(), "dns:///x:1", {
      lookup,
      clock: withoutRefresh(fakeClock()),
    });
    await expect(client.getTenants({})).rejects.toBeInstanceOf(UnavailableError);
    await pool[Symbol.asyncDispose]();
  });

  it("follows a name: new processes join, those that stay keep their connection, others are closed", async () => {
    const processes = new FakeProcesses();
    let addresses = ["10.0.0.1", "10.0.0.2"];
    const waiting = Promise.withResolvers<void>();
    const refreshed = Promise.withResolvers<void>();
    let sleeps = 0;
    const clock: Clock = {
      ...fakeClock(),
      async sleep(_, signal) {
        if (sleeps++ === 0) return waiting.promise;
        refreshed.resolve();
        return systemClock.sleep(60_000, signal);
      },
    };
    const lookup = (): Promise<string[]> => Promise.resolve(addresses);
    const { pool } = await startPool(processes, "dns:///x:1", { clock, lookup });
    const [, staying] = pool.members;
    addresses = ["10.0.0.2", "10.0.0.3"];
    waiting.resolve();
    await refreshed.promise;
    expect(pool.members.map((member) => member.address.id)).toEqual(["10.0.0.2:1", "10.0.0.3:1"]);
    expect(pool.members[0]).toBe(staying);
    await pool[Symbol.asyncDispose]();
    expect(processes.closed.sort()).toEqual(["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"]);
  });
});
