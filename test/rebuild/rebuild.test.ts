import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "@jest/globals";

import { askFor, push, type Stored } from "../durability/client.ts";
import { valueOf } from "../durability/ledger.ts";
import { goldenFlags, ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { runRebuildCommand } from "./rebuild-command.ts";

const SERVICES = ["api", "billing", "cart"];
const SECONDS = [1, 2, 3, 4, 5];
const TIMEOUT_MS = 120_000;
/** All parts, named one by one: such a process also listens for those that run elsewhere. */
const ALL_PARTS = "-target=metastore,segment-writer,query-backend,distributor,query-frontend";

async function pushAll(url: string): Promise<void> {
  for (const second of SECONDS) {
    for (const service of SERVICES) await push(url, [{ service, second }]);
  }
}

function askForAll(url: string): Promise<Stored[]> {
  return Promise.all(SERVICES.map((service) => askFor(url, service, SECONDS.length)));
}

const pushed = SERVICES.map((service) => {
  const points = new Map(SECONDS.map((second) => [second, valueOf({ service, second })]));
  const total = [...points.values()].reduce((sum, value) => sum + value, 0);
  return { points, flameGraphTotal: total, profileTotal: total };
});
const nothing = SERVICES.map(() => ({ points: new Map(), flameGraphTotal: 0, profileTotal: 0 }));

/** What the command says at its end. Segments may have been compacted meanwhile, and not be deleted yet. */
function countsOf(stdout: string): { listed: number; registered: number; superseded: number } {
  const [, registered, listed] =
    /^The index is rebuilt: (\d+) of (\d+) objects registered in /mu.exec(stdout) ?? [];
  const [, superseded = 0] = /^Superseded: (\d+)\./mu.exec(stdout) ?? [];
  return { listed: Number(listed), registered: Number(registered), superseded: Number(superseded) };
}

describe("a server that lost its metastore's folders", () => {
  const folder = temporaryFolder("rebuild");
  const bucket = join(folder.path, "bucket");
  const metastore = join(folder.path, "metastore");
  const options = { dir: folder.path, flags: goldenFlags };
  afterAll(() => folder.remove());

  it(
    "answers as before after the index is rebuilt on its folders while it is stopped; what is damaged is named",
    async () => {
      await using first = await ServerProcess.start(options);
      await pushAll(first.url);
      expect(await askForAll(first.url)).toEqual(pushed);
      await first.kill("SIGTERM");
      rmSync(metastore, { recursive: true });
      writeFileSync(join(bucket, "segments", "notes.txt"), "left by hand");
      const flags = [
        `-storage.filesystem.dir=${bucket}`,
        `-metastore.raft.dir=${join(metastore, "raft")}`,
        `-metastore.raft.snapshots-dir=${join(metastore, "snapshots")}`,
      ];
      const result = await runRebuildCommand(flags);
      expect(result.stderr).toBe(
        "not registered: segments/notes.txt: foreign: the key is not that of a block\n",
      );
      expect(result.stdout).toContain("Not registered: 1 foreign. Each is named above.\n");
      expect(result.exitCode).toBe(1);
      await using server = await ServerProcess.start(options);
      expect(await askForAll(server.url)).toEqual(pushed);
      const second = await runRebuildCommand(flags);
      expect(second).toMatchObject({ exitCode: 1, stdout: "" });
      expect(second.stderr).toMatch(/another process/u);
    },
    TIMEOUT_MS,
  );

  it(
    "answers as before after it is lost again and rebuilt through the running metastore",
    async () => {
      rmSync(metastore, { recursive: true });
      rmSync(join(bucket, "segments", "notes.txt"));
      await using server = await ServerProcess.start({ ...options, flags: [...goldenFlags, ALL_PARTS] });
      expect(await askForAll(server.url)).toEqual(nothing);
      const result = await runRebuildCommand([
        `-storage.filesystem.dir=${bucket}`,
        `-metastore.address=${server.rpcAddress}`,
      ]);
      expect(result).toMatchObject({ exitCode: 0, stderr: "" });
      const { listed, registered, superseded } = countsOf(result.stdout);
      expect(registered).toBeGreaterThan(0);
      expect(registered + superseded).toBe(listed);
      expect(await askForAll(server.url)).toEqual(pushed);
    },
    TIMEOUT_MS,
  );
});

describe("the command", () => {
  it.each([
    { name: "a folder that is not there", flags: ["-storage.filesystem.dir=/nowhere/at/all"], exitCode: 1 },
    { name: "a flag that is unknown", flags: ["-storage.dir=/tmp"], exitCode: 2 },
  ])("does nothing with $name", async ({ flags, exitCode }) => {
    const result = await runRebuildCommand(flags);
    expect(result).toMatchObject({ exitCode, stdout: "" });
    expect(result.stderr).toMatch(/^rebuild-index: /u);
  });
});
