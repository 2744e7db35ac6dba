import type { Dice } from "../../services/metastore/test/simulation/dice.ts";
import type { DeletionRequest } from "../../services/metastore/src/deletions/deletion.ts";
import { TENANTS } from "./blocks.ts";
import type { DeletionBook } from "./deletion-book.ts";
import type { Metastore } from "./metastore.ts";
import { POD_LABEL, podName, SERVICE } from "./rows.ts";
import { Machine, wait, type Steps } from "./steps.ts";
import type { World } from "./world.ts";

export interface DeleterDeps {
  readonly world: World;
  readonly metastore: Metastore;
  readonly deletions: DeletionBook;
  /** Whether a worker merges blocks now. */
  readonly isMerging: () => boolean;
  /** A tenant whose days a worker sums now. */
  readonly tenantOfSums: () => string | undefined;
}

const HOUR_MS = 3_600_000;
const TRIES = 4;
/** Some wait for a merge, which then does not know of the deletion; so long at most. */
const MAX_WAIT_S = 120;
/** Or for sums, which are rarer. */
const SUMS_LOOK_MS = 20_000;
const MAX_SUMS_LOOKS = 540;

/** Tenants who want profiles deleted: all they have, those of a time, or those of some pods. */
export class Deleter {
  readonly #deps: DeleterDeps;
  readonly #machine: Machine;
  readonly #dice: Dice;

  constructor(deps: DeleterDeps) {
    this.#deps = deps;
    const { queue, streams } = deps.world;
    this.#dice = streams.deletions;
    this.#machine = new Machine("deleter", { queue, dice: this.#dice });
  }

  start(): void {
    if (this.#deps.world.swarm.deleteEveryMs > 0) this.#machine.run(this.#deleteForEver());
  }

  *#deleteForEver(): Steps<void> {
    const { queue, streams, swarm } = this.#deps.world;
    for (;;) {
      yield* wait<void>((resume) => queue.after(this.#dice.exponential(swarm.deleteEveryMs), resume));
      const tenant = streams.tiers.chance(swarm.sumsDeletedRate) ? yield* this.#waitForSums() : undefined;
      if (tenant === undefined && this.#dice.chance(0.5)) yield* this.#waitForMerge();
      if (!this.#deps.world.isRough) return;
      this.#machine.run(this.#delete(tenant === undefined ? this.#draw() : this.#drawOf(tenant)));
    }
  }

  *#waitForSums(): Steps<string | undefined> {
    const { tenantOfSums, world } = this.#deps;
    for (let looks = 0; looks < MAX_SUMS_LOOKS && tenantOfSums() === undefined; looks++) {
      yield* wait<void>((resume) => world.queue.after(SUMS_LOOK_MS, resume));
    }
    return tenantOfSums();
  }

  *#waitForMerge(): Steps<void> {
    const { isMerging, world } = this.#deps;
    for (let seconds = 0; seconds < MAX_WAIT_S && !isMerging(); seconds++) {
      yield* wait<void>((resume) => world.queue.after(1_000, resume));
    }
  }

  /** Who got no answer asks again. */
  *#delete(request: DeletionRequest): Steps<void> {
    const { deletions, metastore, world } = this.#deps;
    for (let tries = 0; tries < TRIES; tries++) {
      const answer = yield* metastore.call((node) => metastore.requestDeletion(node, request));
      if (answer.type === "answered") {
        if (answer.value === undefined) return;
        deletions.acknowledged(answer.value);
        world.seen.note("deletion acknowledged");
        if (tries > 0) world.seen.note("deletion asked for again");
        return;
      }
      yield* wait<void>((resume) => world.queue.after(this.#dice.between(50, 5_000), resume));
    }
  }

  /** Some of the rows of all time. */
  #drawOf(tenant: string): DeletionRequest {
    const matchers = [{ name: POD_LABEL, operator: "=" as const, value: podName(this.#dice.integer(0, 2)) }];
    return { ...this.#draw(), tenant, matchers, startMs: 0, endMs: 0 };
  }

  #draw(): DeletionRequest {
    const dice = this.#dice;
    const { trueMs } = this.#deps.world;
    const startMs = dice.chance(0.4) ? 0 : Math.floor(trueMs - dice.between(0, 6) * HOUR_MS);
    const endMs = dice.chance(0.5) ? 0 : Math.floor(startMs + dice.between(0.1, 3) * HOUR_MS) + 1;
    const isAll = startMs === 0 && dice.chance(0.5);
    return {
      tenant: dice.pick(TENANTS),
      matchers: this.#matchers(),
      startMs,
      endMs: isAll ? 0 : endMs,
      requestId: String.fromCharCode(...Array.from({ length: 16 }, () => dice.integer(0, 255))),
      requestedBy: "tenant",
      reason: "simulated",
      maxInForce: 40,
    };
  }

  #matchers(): DeletionRequest["matchers"] {
    const dice = this.#dice;
    const service = { name: "service_name", operator: "=" as const, value: SERVICE };
    const pod = podName(dice.integer(0, 2));
    return dice.pick<DeletionRequest["matchers"]>([
      [],
      [service],
      [{ ...service, value: "another" }],
      [service, { name: POD_LABEL, operator: "=", value: pod }],
      [{ name: POD_LABEL, operator: "!=", value: pod }],
      [{ name: POD_LABEL, operator: "=~", value: `${pod}|pod-0` }],
    ]);
  }
}
