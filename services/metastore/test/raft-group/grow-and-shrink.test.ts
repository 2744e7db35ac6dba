import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { NotLeaderError, UnavailableError } from "@hearth/errors";
import { IndexService } from "@hearth/proto/hearth/metastore/v1";
import { inProcessTransport } from "@hearth/rpc";
import { seededRandom, systemClock } from "@hearth/runtime";

import { START_MS, ulidAt, wireBlock } from "../support/blocks.ts";
import {
  blocksOf,
  freePorts,
  startMember,
  until,
  votersOf,
  type GroupMember,
} from "../support/metastore-group.ts";

const LOOK_MS = 10;
const TIMEOUT_MS = 90_000;

/** Registers blocks one after the other, at whichever member takes them, until it is stopped. */
class Registering {
  readonly acknowledged: string[] = [];
  readonly #random = seededRandom(1);
  readonly #members: readonly GroupMember[];
  #isStopped = false;
  readonly ended: Promise<void>;

  constructor(members: readonly GroupMember[]) {
    this.#members = members;
    this.ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.ended;
  }

  async #run(): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      const id = ulidAt(START_MS + number, this.#random);
      const requestId = this.#random.fill(new Uint8Array(16));
      while (!(await this.#register(id, requestId))) await systemClock.sleep(LOOK_MS);
      this.acknowledged.push(id);
    }
  }

  async #register(id: string, requestId: Uint8Array): Promise<boolean> {
    for (const { metastore } of this.#members) {
      try {
        await createClient(IndexService, inProcessTransport(metastore.services, [])).addBlocks({
          blocks: [wireBlock(id)],
          requestId,
        });
        return true;
      } catch (error) {
        if (!(error instanceof NotLeaderError) && !(error instanceof UnavailableError)) throw error;
      }
    }
    return false;
  }
}

describe("a metastore that grows from one node to three, and back", () => {
  let folder: string;
  const opened = new AsyncDisposableStack();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "metastore-grow-"));
  });

  afterAll(async () => {
    await opened.disposeAsync();
    await rm(folder, { recursive: true, force: true });
  });

  it(
    "goes on registering meanwhile, and loses nothing",
    async () => {
      const names = (await freePorts(3)).map((port) => `127.0.0.1:${port}`);
      const [first = "", ...others] = names;
      const alone = { name: first, names: [first], more: { bindAddress: first } };
      const leader = await startMember(join(folder, "0"), alone, opened);
      const members = [leader];
      const registering = new Registering(members);
      await until(async () => registering.acknowledged.length > 20);

      for (const [at, name] of others.entries()) {
        // It names the node that is there, and not itself: it is no founder.
        const joining = { name, names: [first], more: { bootstrapPeers: [first] } };
        members.push(await startMember(join(folder, String(at + 1)), joining, opened));
        await until(async () => (await votersOf(leader)).includes(name));
      }
      const whileThree = registering.acknowledged.length;
      await until(async () => registering.acknowledged.length > whileThree + 20);
      const acknowledged = [...registering.acknowledged];
      for (const member of members) {
        expect((await blocksOf(member, acknowledged)).toSorted()).toEqual(acknowledged.toSorted());
      }

      for (const name of others) {
        await leader.admin.removeNode({ serverId: name, currentTerm: 0xffff_ffff_ffff_ffffn });
        await until(async () => !(await votersOf(leader)).includes(name));
      }
      expect(await votersOf(leader)).toEqual([first]);
      const whileAlone = registering.acknowledged.length;
      await until(async () => registering.acknowledged.length > whileAlone + 20);
      await registering.stop();
      const all = registering.acknowledged;
      expect((await blocksOf(leader, all)).toSorted()).toEqual(all.toSorted());
    },
    TIMEOUT_MS,
  );
});
