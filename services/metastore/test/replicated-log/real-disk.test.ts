import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { openLevelStore } from "@hearth/kv-store";
import { seededRandom, systemClock, systemRandom } from "@hearth/runtime";
import { openDirectory } from "../../src/disk/directory.ts";
import { noNetwork, RaftReplicatedLog } from "../../src/raft-node/raft-replicated-log.ts";
import { SnapshotStore } from "../../src/replicated-log/snapshot-store.ts";
import { ListMachine } from "../support/list-machine.ts";

/** Bits flipped in each file, one at a time. */
const FLIPS_PER_FILE = 6;
const { signal } = new AbortController();

interface Node extends AsyncDisposable {
  readonly log: RaftReplicatedLog<number>;
  readonly machine: ListMachine;
}

async function startNode(folder: string): Promise<Node> {
  const machine = new ListMachine();
  const directory = await openDirectory(folder);
  const snapshots = await openDirectory(join(folder, "snapshots"));
  const log = new RaftReplicatedLog(
    {
      openKv: () => openLevelStore(join(folder, "log")),
      directory,
      snapshots: new SnapshotStore({ directory: snapshots, clock: systemClock }),
      stateMachine: machine,
      random: systemRandom,
      network: noNetwork,
      clock: systemClock,
      observer: { onProblem() {}, onWrite() {}, onApply() {}, onSnapshot() {} },
    },
    {
      clusterName: "test",
      nodeName: "node",
      initialPeers: ["node"],
      trailingEntries: 5,
      retainedSnapshots: 2,
      snapshotCompression: "zstd",
      snapshotBytesPerSecond: Infinity,
    },
  );
  await log.start();
  return { log, machine, [Symbol.asyncDispose]: () => log[Symbol.asyncDispose]() };
}

let workspace: string;
let original: string;
const acknowledged: string[] = [];

async function propose(node: Node, count: number): Promise<void> {
  for (let left = count; left > 0; left--) {
    const command = `command ${acknowledged.length} ${"x".repeat(300)}`;
    await node.log.propose(new TextEncoder().encode(command), signal);
    acknowledged.push(command);
  }
}

/** Three lives: the log has tables and a log file, and entries before and after two snapshots. */
beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), "metastore-disk-"));
  original = join(workspace, "original");
  for (let life = 0; life < 3; life++) {
    await using node = await startNode(original);
    await propose(node, 20);
    if (life < 2) await node.log.takeSnapshot(signal);
  }
});
afterAll(() => rm(workspace, { recursive: true }));

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).toSorted();
}

/** Starts on a copy that was damaged. @returns what came of it, in one word. */
async function startDamaged(damage: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(workspace, "damaged");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await cp(original, folder, { recursive: true });
  await damage(folder);
  await using node = await startNode(folder);
  const { role } = node.log.status();
  if (role === "corrupt") return "refused";
  if (role !== "leader") return role;
  const isWhole = node.machine.applied.join() === acknowledged.join();
  if (!isWhole) return "wrong state";
  await node.log.propose(new TextEncoder().encode("after"), signal);
  return "harmless";
}

describe("a node on a real disk", () => {
  it("finds everything again", async () => {
    expect(await startDamaged(async () => {})).toBe("harmless");
  });

  it("refuses or does not mind a flipped bit, in whatever file it is", async () => {
    const random = seededRandom(20_260_101);
    const outcomes = new Set<string>();
    for (const file of await filesOf(original)) {
      for (let flip = 0; flip < FLIPS_PER_FILE; flip++) {
        const position = random.next();
        const outcome = await startDamaged(async (folder) => {
          const bytes = await readFile(join(folder, file));
          const bit = Math.floor(position * bytes.length * 8);
          if (bytes.length > 0) bytes[Math.floor(bit / 8)]! ^= 1 << (bit % 8);
          await writeFile(join(folder, file), bytes);
        });
        expect({ file, position, outcome }).toMatchObject({
          outcome: expect.stringMatching(/^(?:harmless|refused)$/),
        });
        outcomes.add(outcome);
      }
    }
    expect([...outcomes].toSorted()).toEqual(["harmless", "refused"]);
  });

  it("refuses or does not mind a file that is gone or cut short, whichever it is", async () => {
    const outcomes = new Set<string>();
    for (const file of await filesOf(original)) {
      for (const damage of ["removed", "halved", "emptied"]) {
        const outcome = await startDamaged(async (folder) => {
          const path = join(folder, file);
          const bytes = await readFile(path);
          if (damage === "removed") await rm(path);
          else await writeFile(path, bytes.subarray(0, damage === "halved" ? bytes.length / 2 : 0));
        });
        expect({ file, damage, outcome }).toMatchObject({
          outcome: expect.stringMatching(/^(?:harmless|refused)$/),
        });
        outcomes.add(outcome);
      }
    }
    expect([...outcomes].toSorted()).toEqual(["harmless", "refused"]);
  });
});
