/**
 * Workers that come and go, a bucket and a metastore that fail at random: whatever happens, all rows stay readable
 * through the index, and once the faults end everything is compacted and nothing is left to do.
 */
import { describe, expect, it } from "@jest/globals";
import { UnavailableError } from "@hearth/errors";
import { blockObjectKey } from "@hearth/object-store";
import { seededRandom, UlidFactory, type Random } from "@hearth/runtime";
import fc from "fast-check";

import type { CompactionWorker } from "../src/compaction-worker.ts";
import type { FakeMetastore } from "./support/fake-metastore.ts";
import { rowsOf, textBlock } from "./support/text-blocks.ts";
import { makeHarness } from "./support/worker-harness.ts";

const { signal } = new AbortController();
const TICKS = 60;
const TICK_MS = 3000;
const WORKERS = 2;

class Simulation {
  readonly rows = new Set<string>();
  readonly harness: ReturnType<typeof makeHarness>;
  readonly #random: Random;
  readonly #ulids: UlidFactory;
  #workers: CompactionWorker[] = [];
  #areFaultsOn = true;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.harness = makeHarness({
      storeFault: ({ name }) => this.#fault({ replyIsLost: name === "put" || name === "delete" }),
      pollFault: () => this.#fault({ replyIsLost: true }),
      pause: (_job, stop) => this.harness.clock.sleep(this.#random.next() * 20_000, stop),
    });
    this.#ulids = new UlidFactory({ clock: this.harness.clock, random: this.#random });
  }

  async run(): Promise<void> {
    for (let i = 0; i < WORKERS; i++) this.#workers.push(this.harness.startWorker());
    for (let tick = 0; tick < TICKS; tick++) {
      await this.#storeSegment();
      this.#meddle();
      await this.harness.clock.advance(TICK_MS);
      await this.#check();
    }
    this.#areFaultsOn = false;
    // Rests and backoffs end, then a few rounds of compaction and deletion.
    await this.harness.clock.advance(600_000);
    await Promise.all([
      this.harness.clock.advance(60_000),
      ...this.#workers.map((worker) => worker[Symbol.asyncDispose]()),
    ]);
  }

  #fault({ replyIsLost }: { replyIsLost: boolean }) {
    if (!this.#areFaultsOn) return {};
    const dice = this.#random.next();
    const delayMs = this.#random.next() < 0.2 ? this.#random.next() * 8000 : 0;
    if (dice < 0.1) return { delayMs, error: new UnavailableError("planned") };
    return { delayMs, replyIsLost: replyIsLost && dice < 0.2 };
  }

  async #storeSegment(): Promise<void> {
    const row = (): string =>
      `t${Math.floor(this.#random.next() * 3)}/${Math.floor(this.#random.next() * 500)}`;
    const rows = [...new Set([row(), row(), row()])];
    const { meta, bytes } = textBlock({ id: this.#ulids.next(), tenant: "", shard: 1, level: 0 }, rows);
    await this.harness.bucket.put(blockObjectKey(meta), bytes, {}, signal);
    this.harness.metastore.register(meta);
    for (const each of rows) this.rows.add(each);
  }

  #meddle(): void {
    const dice = this.#random.next();
    if (dice < 0.05) this.harness.metastore.revokeAll();
    else if (dice < 0.1) this.harness.metastore.giveAway();
    else if (dice < 0.15) this.#replaceWorker();
  }

  /** The one that goes drains beside the one that comes. */
  #replaceWorker(): void {
    const going = this.#workers.shift();
    void going?.[Symbol.asyncDispose]();
    this.#workers.push(this.harness.startWorker());
  }

  /** All rows can be read, now. */
  async #check(): Promise<void> {
    const found = new Set<string>();
    for (const block of this.harness.metastore.index.values()) {
      for (const row of rowsOf(await this.harness.bucket.get(blockObjectKey(block), signal))) found.add(row);
    }
    if (found.size !== this.rows.size) throw new Error(`rows: stored=${this.rows.size} found=${found.size}`);
  }
}

/** What no job could be done with: fewer than two blocks of one tenant and level below the highest. */
function isCompacted({ index, jobs, quarantined }: FakeMetastore): boolean {
  const queues = Map.groupBy(index.values(), ({ tenant, level }) => `${tenant}/${level}`);
  const waiting = [...queues].filter(([name, blocks]) => !name.endsWith("/3") && blocks.length > 1);
  return jobs.size === 0 && waiting.length === 0 && quarantined.size === 0;
}

describe("workers among faults", () => {
  it("lose no row, and end with everything compacted", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
        const simulation = new Simulation(seed);
        await simulation.run();
        const { metastore, problems, clock } = simulation.harness;
        expect(problems).toEqual([]);
        expect([...metastore.jobs.values()]).toEqual([]);
        expect(isCompacted(metastore)).toBe(true);
        expect(clock.sleeperCount).toBe(0);
      }),
      { numRuns: 10 },
    );
  }, 120_000);
});
