import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { IndexService } from "@hearth/proto/hearth/metastore/v1";
import { inProcessTransport } from "@hearth/rpc";
import { seededRandom, systemClock } from "@hearth/runtime";

import { recoverMetastore } from "../../src/index.ts";
import { START_MS, ulidAt, wireBlock } from "../support/blocks.ts";
import {
  blocksOf,
  freePorts,
  memberSettings,
  startMember,
  until,
  votersOf,
  type GroupMember,
} from "../support/metastore-group.ts";

const TIMEOUT_MS = 90_000;
const { signal } = new AbortController();
const random = seededRandom(3);

/** Three nodes that can be stopped, wiped and started one by one. */
class Trio implements AsyncDisposable {
  readonly names: readonly string[];
  readonly #folder: string;
  readonly #running = new Map<string, AsyncDisposableStack>();

  constructor(folder: string, names: readonly string[]) {
    this.#folder = folder;
    this.names = names;
  }

  async start(name: string): Promise<GroupMember> {
    const opened = new AsyncDisposableStack();
    this.#running.set(name, opened);
    return await startMember(this.#folderOf(name), { name, names: this.names }, opened);
  }

  async stop(name: string): Promise<void> {
    await this.#running.get(name)?.disposeAsync();
    this.#running.delete(name);
  }

  async wipe(name: string): Promise<void> {
    await rm(this.#folderOf(name), { recursive: true });
  }

  async recover(name: string) {
    const settings = memberSettings(this.#folderOf(name), { name, names: this.names });
    return recoverMetastore({ clock: systemClock, onStep() {} }, settings, true, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.names.map((name) => this.stop(name)));
  }

  #folderOf(name: string): string {
    return join(this.#folder, String(this.names.indexOf(name)));
  }
}

async function register({ metastore }: GroupMember, count: number): Promise<string[]> {
  const index = createClient(IndexService, inProcessTransport(metastore.services, []));
  const ids = Array.from({ length: count }, (_, at) => ulidAt(START_MS + at, random));
  for (const id of ids) await index.addBlocks({ blocks: [wireBlock(id)] });
  return ids;
}

async function infoOf({ admin }: GroupMember) {
  return (await admin.nodeInfo({})).node!;
}

async function isLeading(member: GroupMember): Promise<boolean> {
  // It knows that it leads a little before it takes proposals.
  return (await infoOf(member)).state === "Leader";
}

/** Requests that this node refused since they were for another life of its cluster. */
async function foreignRequests({ registry }: GroupMember): Promise<number> {
  const { body } = await registry.expose();
  const match = /transport_refused_requests_total\{reason="foreign"\} (\d+)/u.exec(body);
  return Number(match?.[1] ?? 0);
}

describe("a group of three that lost two for good", () => {
  let folder: string;
  let trio: Trio;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "metastore-lost-majority-"));
    trio = new Trio(
      folder,
      (await freePorts(3)).map((port) => `127.0.0.1:${port}`),
    );
  });

  afterAll(async () => {
    await trio[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it(
    "goes on from the survivor; what is of the old life is refused, and wiped nodes join",
    async () => {
      const members = await Promise.all(trio.names.map((name) => trio.start(name)));
      await until(async () => (await Promise.all(members.map(isLeading))).includes(true));
      const leader = members[(await Promise.all(members.map(isLeading))).indexOf(true)]!;
      const [survivor, wiped] = members.filter((member) => member !== leader);
      const blocks = await register(leader, 20);
      const { lastIndex } = await infoOf(leader);
      await until(async () => (await infoOf(survivor!)).lastIndex >= lastIndex);
      for (const name of trio.names) await trio.stop(name);

      const outcome = await trio.recover(survivor!.name);
      expect(outcome).toMatchObject({ type: "recovered", recovered: { identity: { recoveryEpoch: 1 } } });
      const alone = await trio.start(survivor!.name);
      await until(() => isLeading(alone));
      expect(await votersOf(alone)).toEqual([alone.name]);
      blocks.push(...(await register(alone, 5)));
      expect((await blocksOf(alone, blocks)).toSorted()).toEqual(blocks.toSorted());

      // A node that was not lost after all, and comes back as it was.
      const { currentTerm } = await infoOf(alone);
      const old = await trio.start(leader.name);
      await until(async () => (await foreignRequests(alone)) > 3);
      expect(await infoOf(alone)).toMatchObject({ currentTerm });
      expect((await infoOf(old)).leaderId).toBe("");
      blocks.push(...(await register(alone, 5)));

      // A wiped one finds both, and joins the group that is alive.
      await trio.wipe(wiped!.name);
      const joined = await trio.start(wiped!.name);
      await until(async () => (await votersOf(alone)).includes(joined.name));
      await trio.stop(old.name);
      await trio.wipe(old.name);
      const last = await trio.start(old.name);
      await until(async () => (await votersOf(alone)).length === 3);
      expect((await votersOf(alone)).toSorted()).toEqual(trio.names.toSorted());
      blocks.push(...(await register(alone, 5)));
      for (const member of [alone, joined, last]) {
        await until(async () => (await blocksOf(member, blocks)).length === blocks.length);
      }
    },
    TIMEOUT_MS,
  );
});
