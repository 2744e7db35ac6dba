import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { askFor, push } from "./durability/client.ts";
import { valueOf } from "./durability/ledger.ts";
import { stablePorts } from "./support/stable-ports.ts";
import { goldenFlags, ServerProcess } from "./support/server-process.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const SERVICE = "cart";
const TIMEOUT_MS = 120_000;

/** Each runs all parts, and their metastores are one group: on one bucket, any of them takes and answers everything. */
describe("three processes with all parts", () => {
  const folder = temporaryFolder("three-whole");
  const servers: ServerProcess[] = [];

  beforeAll(async () => {
    const ports = await stablePorts(9);
    const [http, rpc, peer] = [ports.slice(0, 3), ports.slice(3, 6), ports.slice(6)];
    const peers = peer.map((port) => `127.0.0.1:${port}`);
    const flags = [
      ...goldenFlags,
      `-storage.filesystem.dir=${join(folder.path, "bucket")}`,
      `-metastore.raft.bootstrap-peers=${peers.join(",")}`,
      `-metastore.address=${rpc.map((port) => `127.0.0.1:${port}`).join(",")}`,
    ];
    const starting = peers.map((name, n) =>
      ServerProcess.start({
        dir: join(folder.path, String(n)),
        flags: [...flags, `-metastore.raft.server-id=${name}`],
        ports: { http: http[n]!, rpc: rpc[n]! },
      }),
    );
    servers.push(...(await Promise.all(starting)));
  }, TIMEOUT_MS);

  afterAll(async () => {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    folder.remove();
  });

  it(
    "answer alike what any of them was given, also when one is lost",
    async () => {
      const seconds = servers.map((_, n) => n + 1);
      await Promise.all(servers.map(({ url }, n) => push(url, [{ service: SERVICE, second: n + 1 }])));
      for (const { url } of servers) expect(await askFor(url, SERVICE, 9)).toEqual(stored(seconds));
      await servers[0]!.kill("SIGKILL");
      for (const { url } of servers.slice(1)) {
        seconds.push(seconds.length + 1);
        await push(url, [{ service: SERVICE, second: seconds.length }]);
        expect(await askFor(url, SERVICE, 9)).toEqual(stored(seconds));
      }
    },
    TIMEOUT_MS,
  );
});

function stored(seconds: readonly number[]) {
  const points = new Map(seconds.map((second) => [second, valueOf({ service: SERVICE, second })]));
  const total = [...points.values()].reduce((sum, value) => sum + value, 0);
  return { points, flameGraphTotal: total, profileTotal: total };
}
