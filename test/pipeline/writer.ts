import { blockMetaToWire } from "@hearth/block";
import { deadLetterKey } from "@hearth/object-store";
import { UlidFactory } from "@hearth/runtime";

import type { Dice } from "../../services/metastore/test/simulation/dice.ts";
import { datasetOf, metaOf, TENANTS, type BlockObject } from "./blocks.ts";
import { IN_DOUBT, type Bucket } from "./bucket.ts";
import { keyOf, type Metastore } from "./metastore.ts";
import { SkewedClock } from "./skewed-clock.ts";
import { Machine, wait, type Steps } from "./steps.ts";
import type { World } from "./world.ts";

export interface WriterDeps {
  readonly world: World;
  readonly metastore: Metastore;
  readonly bucket: Bucket;
  readonly clients: Clients;
}

/** What clients push, and what they were told. */
export interface Clients {
  /** The writer has made a segment of what was pushed. */
  made(segment: BlockObject): void;
  /** All of it is stored, as the clients are told that began to push at `begunMs`. */
  acknowledged(segment: BlockObject, how: "registered" | "dead letter", begunMs: number): void;
  /** Rows that nobody has pushed before. */
  newRows(count: number): number[];
}

type Rows = Map<string, number[]>;

const RESTART_MS = 60_000;
/** Retries of an upload end then. */
const UPLOAD_WITHIN_MS = 60_000;
/** Pushes that may come again are remembered so far. */
const REMEMBERED_PUSHES = 6;

/** A segment writer: several segments are under way at once. */
export class Writer {
  readonly machine: Machine;
  readonly #deps: WriterDeps;
  readonly #dice: Dice;
  readonly #clock: SkewedClock;
  #ulids: UlidFactory;
  /** What was pushed lately; clients that got no answer push it again. */
  readonly #pushes: Rows[] = [];
  readonly #failed: Rows[] = [];
  /** Segments that are under way. */
  openCount = 0;

  constructor(name: string, deps: WriterDeps) {
    this.#deps = deps;
    const { world } = deps;
    const { queue, streams, swarm } = world;
    this.#dice = streams.writers;
    const aheadMs = this.#dice.between(-1, 1) * swarm.writerSkewMs;
    this.#clock = new SkewedClock(world, { aheadMs, drift: this.#dice.between(-1, 1) * swarm.clockDrift });
    this.#ulids = this.#newUlids();
    this.machine = new Machine(name, {
      queue,
      dice: this.#dice,
      onCrash: () => {
        world.trace(() => `${name} crashes`);
        this.openCount = 0;
        queue.after(this.#dice.exponential(RESTART_MS), () => this.start());
      },
      onFreeze: (ms) => world.trace(() => `${name} stands still for ${Math.round(ms / 1_000)}s`),
    });
  }

  start(): void {
    const { isRough, swarm } = this.#deps.world;
    this.#ulids = this.#newUlids();
    if (isRough) {
      this.machine.mishaps = {
        crashRate: swarm.writerCrashRate,
        freezeRate: swarm.writerFreezeRate,
        longestFreezeMs: 12 * 3_600_000,
      };
    }
    this.machine.run(this.#writeUntilCalm());
  }

  *#writeUntilCalm(): Steps<void> {
    const { world } = this.#deps;
    for (;;) {
      yield* wait<void>((resume) =>
        world.queue.after(this.#dice.exponential(world.swarm.segmentEveryMs), resume),
      );
      if (!world.isRough) return;
      const rows = this.#push();
      this.openCount++;
      this.machine.run(this.#store(rows), (isStored) => {
        this.openCount--;
        if (!isStored) this.#failed.push(rows);
      });
    }
  }

  /** What clients push next: new rows, or such that failed or seemed to. */
  #push(): Rows {
    const failed = this.#failed.pop();
    if (failed) return failed;
    const { swarm } = this.#deps.world;
    if (this.#pushes.length > 0 && this.#dice.chance(swarm.repeatRate)) return this.#dice.pick(this.#pushes);
    const tenants = TENANTS.filter(() => this.#dice.chance(0.6));
    const chosen = tenants.length > 0 ? tenants : [TENANTS[0]];
    const rows = new Map(
      chosen.map((tenant) => [tenant, this.#deps.clients.newRows(this.#dice.integer(1, 4))] as const),
    );
    this.#pushes.push(rows);
    if (this.#pushes.length > REMEMBERED_PUSHES) this.#pushes.shift();
    return rows;
  }

  /** Puts, registers, and in the end leaves a dead letter, as `SegmentPipeline` does it. @returns whether it is stored. */
  *#store(rows: Rows): Steps<boolean> {
    const { bucket, clients, world } = this.#deps;
    const segment = this.#build(rows);
    const { id } = segment.meta;
    const begunMs = world.queue.nowMs;
    clients.made(segment);
    world.trace(() => `${this.machine.name}: made segment ${id}`);
    const stored = yield* bucket.retried(() => bucket.put(keyOf(segment.meta), segment), UPLOAD_WITHIN_MS);
    if (stored === IN_DOUBT) return false;
    const registered = yield* this.#register(segment);
    world.trace(() => `${this.machine.name}: segment ${id} ${registered}`);
    if (registered === "refused") return false;
    if (registered === "registered") {
      clients.acknowledged(segment, "registered", begunMs);
      return true;
    }
    const letter = { type: "letter" as const, block: blockMetaToWire(segment.meta) };
    const left = yield* bucket.retried(
      () => bucket.put(deadLetterKey(segment.meta), letter),
      UPLOAD_WITHIN_MS,
    );
    if (left === IN_DOUBT) return false;
    world.trace(() => `${this.machine.name}: left a dead letter for ${id}`);
    clients.acknowledged(segment, "dead letter", begunMs);
    return true;
  }

  *#register({ meta }: BlockObject): Steps<"registered" | "refused" | "unknown"> {
    const { metastore, world } = this.#deps;
    const { queue, swarm } = world;
    const requestId = Uint8Array.from({ length: 16 }, () => this.#dice.integer(0, 255));
    const wire = blockMetaToWire(meta);
    const untilMs = queue.nowMs + swarm.registerTimeoutMs;
    do {
      const answer = yield* metastore.call((node) => metastore.addBlocks(node, [wire], requestId));
      if (answer.type === "answered") {
        return answer.value.some(({ block }) => block === meta.id) ? "refused" : "registered";
      }
      yield* wait<void>((resume) => queue.after(this.#dice.between(50, 500), resume));
      // Whoever stood still may try once more before he looks at the time.
    } while (queue.nowMs < untilMs || this.#dice.chance(0.2));
    return "unknown";
  }

  #build(rows: Rows): BlockObject {
    const { swarm } = this.#deps.world;
    const id = this.#ulids.next();
    const datasets = [...rows].map(([tenant, ofTenant]) => datasetOf(tenant, ofTenant, id));
    const shard = this.#dice.integer(1, swarm.shards);
    return {
      type: "block",
      meta: metaOf({ id, tenant: "", shard, level: 0 }, datasets),
      rows,
      segments: new Set([id]),
      isPoisoned: this.#dice.chance(swarm.poisonRate),
      isDamaged: false,
    };
  }

  #newUlids(): UlidFactory {
    const dice = this.#dice;
    const random = {
      next: () => dice.next(),
      fill(bytes: Uint8Array): Uint8Array {
        for (let i = 0; i < bytes.length; i++) bytes[i] = dice.integer(0, 255);
        return bytes;
      },
    };
    return new UlidFactory({ clock: this.#clock, random });
  }
}
