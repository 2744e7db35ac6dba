import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createClient, type Transport } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { defaultsOf } from "@hearth/config";
import { UnavailableError } from "@hearth/errors";
import { Metastore, metastoreSettings } from "@hearth/metastore";
import { MemoryObjectStore } from "@hearth/object-store";
import { RaftNodeService } from "@hearth/proto/raft_node";
import { inProcessTransport, requestMetrics } from "@hearth/rpc";
import { systemClock, systemRandom } from "@hearth/runtime";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";
import { fastify, type FastifyInstance } from "fastify";

import type { MetastoreTarget } from "./ask-nodes.ts";
import type { GroupView } from "./group-view.ts";
import { registerNodesRoutes } from "./nodes-routes.ts";

const LOOK_MS = 10;
const START_TIMEOUT_MS = 60_000;
const JSON_TYPE = { accept: "application/json" };

describe("the pages about a group of three", () => {
  const opened = new AsyncDisposableStack();
  let targets: readonly MetastoreTarget[] = [];
  let app: FastifyInstance;
  let url: string;

  beforeAll(async () => {
    const transports = await startMetastores(3, opened);
    targets = transports.map((transport, at) => targetOf(`metastore-${at}`, transport));
    app = await serve(() => targets, transports[0]!);
    opened.use(app);
    url = await app.listen({ host: "127.0.0.1", port: 0 });
    await settled();
  }, START_TIMEOUT_MS);
  afterAll(() => opened.disposeAsync());

  it("show every node, for people and for programs", async () => {
    const view = await settled();
    const page = await app.inject("/metastore-nodes");
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(view.nodes).toHaveLength(3);
    expect(view.nodes.every(({ serverId }) => page.body.includes(`<th scope="row">${serverId}</th>`))).toBe(
      true,
    );
  });

  it("let another node lead", async () => {
    const { leader, term, nodes } = await settled();
    const next = nodes.find(({ serverId }) => serverId !== leader?.serverId)!.serverId;
    const answer = await post({ promote: next, "current-term": String(term) });
    expect(answer).toMatchObject({ statusCode: 302, location: "metastore-nodes" });
    expect((await settled()).leader?.serverId).toBe(next);
  });

  it("make the leader step back", async () => {
    const { leader, term } = await settled();
    const answer = await post({ demote: leader!.serverId, "current-term": String(term) });
    expect(answer.statusCode).toBe(302);
    expect((await settled()).leader?.serverId).not.toBe(leader?.serverId);
  });

  it("remove a node, and add it again", async () => {
    const { leader, term, nodes } = await settled();
    const { serverId } = nodes.find((node) => node.serverId !== leader?.serverId)!;
    expect(await post({ remove: serverId, "current-term": String(term) })).toMatchObject({ statusCode: 302 });
    const without = await view();
    expect(without.nodes.find((node) => node.serverId === serverId)?.suffrage).toBe("none");
    expect(await post({ add: serverId, "current-term": String(term) })).toMatchObject({ statusCode: 302 });
    const whole = await settled();
    expect(whole.nodes.map(({ suffrage }) => suffrage)).toEqual(["Voter", "Voter", "Voter"]);
  });

  it("say why something is not done", async () => {
    const { leader, term } = await settled();
    const refused = await post({ remove: leader!.serverId, "current-term": String(term) });
    expect(refused.statusCode).toBe(400);
    expect(refused.body).toContain("hand the lead to another server first");
    const late = await post({ demote: leader!.serverId, "current-term": String(term! - 1) });
    expect(late.body).toContain(`node_term=${term}`);
    const unclear = await post({ "current-term": String(term) });
    expect(unclear.body).toContain("exactly one of");
    expect((await settled()).leader?.serverId).toBe(leader?.serverId);
  });

  it("say it to programs as they like it", async () => {
    const answer = await post({ remove: "nobody:1", "current-term": "18446744073709551615" }, JSON_TYPE);
    expect(answer.statusCode).toBe(404);
    expect(JSON.parse(answer.body)).toMatchObject({ code: "not_found" });
  });

  it("do nothing for pages of other sites", async () => {
    const { leader, term } = await settled();
    const form = { demote: leader!.serverId, "current-term": String(term) };
    expect((await post(form, { "sec-fetch-site": "cross-site" })).statusCode).toBe(403);
    expect((await post(form, { origin: "https://evil.example" })).statusCode).toBe(403);
    const test = { method: "POST", url: "/metastore-client-test" } as const;
    const foreign = await app.inject({ ...test, headers: { origin: "https://evil.example" } });
    expect(foreign.statusCode).toBe(403);
    expect((await settled()).term).toBe(term);
  });

  it("test a read, and show how long it took", async () => {
    const { term } = await settled();
    const path = `${url}/metastore-client-test`;
    expect(await (await fetch(path)).text()).toContain("<button>Read now</button>");
    const form = { method: "POST", body: new URLSearchParams() };
    expect(await (await fetch(path, form)).text()).toMatch(/Answered after [0-9.]+ ms/u);
    const answer = await fetch(path, { ...form, headers: JSON_TYPE });
    expect(await answer.json()).toMatchObject({ type: "answered", term });
  });

  it("show the others when one does not answer", async () => {
    const all = targets;
    const { nodes } = await settled();
    targets = [...all.slice(0, 2), targetOf("metastore-2", deadTransport)];
    const page = await app.inject("/metastore-nodes");
    const found = await view();
    targets = all;
    expect(page.statusCode).toBe(200);
    expect(found.nodes).toHaveLength(2);
    expect(found.silent).toEqual([{ type: "silent", address: "metastore-2", reason: "nobody there" }]);
    expect(nodes.map(({ serverId }) => serverId)).toEqual(expect.arrayContaining([...found.missing]));
    expect(page.body).toContain("These members were not reached");
  });

  async function view(): Promise<GroupView> {
    return (await app.inject({ url: "/metastore-nodes", headers: JSON_TYPE })).json<GroupView>();
  }

  /** Once all agree on who leads, and all vote. */
  async function settled(): Promise<GroupView> {
    for (;;) {
      const now = await view();
      const leaderId = now.leader?.serverId;
      const isSettled =
        now.term !== undefined &&
        now.nodes.every((node) => node.leaderId === leaderId && node.peers.length === 3) &&
        now.nodes.every(({ suffrage }) => suffrage === "Voter");
      if (leaderId !== undefined && isSettled) return now;
      await systemClock.sleep(LOOK_MS);
    }
  }

  /** Over a socket, as browsers do. */
  async function post(form: Record<string, string>, headers: Record<string, string> = {}) {
    const body = new URLSearchParams(form);
    const answer = await fetch(`${url}/metastore-nodes`, {
      method: "POST",
      redirect: "manual",
      headers,
      body,
    });
    return {
      statusCode: answer.status,
      location: answer.headers.get("location"),
      body: await answer.text(),
    };
  }
});

it("pages without any metastore say so", async () => {
  await using app = await serve(() => [targetOf("metastore-0", deadTransport)], deadTransport);
  const page = await app.inject("/metastore-nodes");
  expect(page.body).toContain("Nobody leads");
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const form = { method: "POST", url: "/metastore-nodes", headers, payload: "add=a&current-term=1" } as const;
  expect((await app.inject(form)).statusCode).toBe(503);
  const read = await app.inject({ method: "POST", url: "/metastore-client-test" });
  expect(read.body).toContain("nobody there");
});

const deadTransport: Transport = {
  unary: () => Promise.reject(new UnavailableError("nobody there")),
  stream: () => Promise.reject(new UnavailableError("nobody there")),
};

function targetOf(address: string, transport: Transport): MetastoreTarget {
  return { address, client: createClient(RaftNodeService, transport) };
}

async function serve(targets: () => readonly MetastoreTarget[], group: Transport): Promise<FastifyInstance> {
  const app = fastify({ logger: false });
  await registerNodesRoutes(app, { nodes: { targets, group }, clock: systemClock });
  return app;
}

/** Metastores in this process that are a group. @returns the way to each. */
async function startMetastores(count: number, opened: AsyncDisposableStack): Promise<Transport[]> {
  const folder = await mkdtemp(join(tmpdir(), "metastore-nodes-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const names = (await freePorts(count)).map((port) => `127.0.0.1:${port}`);
  const started = names.map(async (serverId, at) => {
    const dir = join(folder, String(at));
    const metastore = new Metastore(
      {
        ...defaultsOf(metastoreSettings),
        raftDir: dir,
        snapshotsDir: dir,
        serverId,
        bootstrapPeers: names,
      },
      {
        objectStore: new MemoryObjectStore({ clock: systemClock }),
        clock: systemClock,
        random: systemRandom,
        registry: new MetricRegistry(),
        requestMetrics: requestMetrics(new MetricRegistry()),
        logger: noopLogger,
        retentionMsOf: () => 0,
        tierAgesOf: () => ({}),
        onFatal: (problem) => {
          throw new Error(problem);
        },
      },
    );
    opened.use(metastore);
    await metastore.start();
    return inProcessTransport(metastore.services, []);
  });
  return Promise.all(started);
}

/** Ports that were free a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  const listening = servers.map(async (server) => {
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  });
  const ports = await Promise.all(listening);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
