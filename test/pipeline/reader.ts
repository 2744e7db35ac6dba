import type { BlockMeta } from "@hearth/block";

import { Violation } from "../../services/metastore/test/simulation/violation.ts";
import { TENANTS, versionOf } from "./blocks.ts";
import { IN_DOUBT, type Bucket } from "./bucket.ts";
import type { Ledger } from "./ledger.ts";
import { keyOf, type Metastore } from "./metastore.ts";
import type { ReplicatedLog } from "./replicated-log.ts";
import { Machine, wait, type Steps } from "./steps.ts";
import type { World } from "./world.ts";

export interface ReaderDeps {
  readonly world: World;
  readonly metastore: Metastore;
  readonly bucket: Bucket;
  readonly log: ReplicatedLog;
  readonly ledger: Ledger;
}

/** A query may take so long, by the time of the log. */
const QUERY_MS = 10 * 60_000;
/** Objects that one query reads: a sample is enough. */
const MAX_READS = 8;

/** Asks which blocks there are, and reads them much later. */
export class Reader {
  readonly #machine: Machine;
  readonly #deps: ReaderDeps;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
    const { queue, streams } = deps.world;
    this.#machine = new Machine("reader", { queue, dice: streams.queries });
  }

  start(): void {
    this.#machine.run(this.#queryForEver());
  }

  *#queryForEver(): Steps<void> {
    const { queue, streams, swarm } = this.#deps.world;
    for (;;) {
      yield* wait<void>((resume) => queue.after(streams.queries.exponential(swarm.queryEveryMs), resume));
      if (!this.#deps.world.isRough) return;
      this.#machine.run(this.#query(streams.queries.pick(TENANTS)));
    }
  }

  *#query(tenant: string): Steps<void> {
    const { ledger, log, metastore, world } = this.#deps;
    const expected = [...ledger.registeredWith(tenant)];
    const answer = yield* metastore.call((node) => metastore.blocksOf(node, tenant));
    if (answer.type === "unavailable") return;
    const begunMs = log.logMs;
    const blocks = answer.value;
    this.#checkComplete(tenant, blocks, expected);
    const chosen = world.streams.queries.shuffled(blocks).slice(0, MAX_READS);
    for (const block of chosen) {
      const delayMs = world.streams.queries.between(0, (2 * QUERY_MS) / MAX_READS);
      yield* wait<void>((resume) => world.queue.after(delayMs, resume));
      if (log.logMs - begunMs > QUERY_MS) return;
      yield* this.#read(block, begunMs);
    }
  }

  /** P2, as a query sees it: every segment that was registered before it began is in exactly one of the blocks. */
  #checkComplete(tenant: string, blocks: readonly BlockMeta[], expected: readonly string[]): void {
    const { ledger } = this.#deps;
    const found = new Map<string, string>();
    for (const { id } of blocks) {
      const life = ledger.live.get(id) ?? ledger.gone.get(id);
      if (!life) throw new Violation("P2", `a query found the block ${id}, which was never registered`);
      for (const segment of life.object.segments) {
        const other = found.get(segment);
        if (other !== undefined)
          throw new Violation("P2", `a query found ${segment} in ${other} and in ${id}`);
        found.set(segment, id);
      }
    }
    const missing = expected.find((segment) => !found.has(segment));
    if (missing !== undefined) throw new Violation("P2", `a query for ${tenant} did not find ${missing}`);
  }

  /** P5: what a query needs is there for as long as it may take. */
  *#read(block: BlockMeta, begunMs: number): Steps<void> {
    const { bucket, ledger, log, world } = this.#deps;
    const object = yield* bucket.get(keyOf(block));
    if (object === IN_DOUBT || log.logMs - begunMs > QUERY_MS) return;
    const life = ledger.live.get(block.id) ?? ledger.gone.get(block.id);
    if (life?.isHarmed === true) return;
    if (ledger.gone.has(block.id)) world.seen.note("query across a compaction");
    if (object?.type !== "block") throw new Violation("P5", `a query needs ${block.id}, which is deleted`);
    if (!versionOf(object.meta).includes(versionOf(block)))
      throw new Violation("P3", `a query found other bytes in ${block.id} than were registered`);
  }
}
