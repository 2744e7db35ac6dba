import type { BlockMeta } from "@hearth/block";
import type { DataDeletion } from "@hearth/deletions";

import { Violation } from "../../services/metastore/test/simulation/violation.ts";
import { TENANTS, versionOf } from "./blocks.ts";
import { IN_DOUBT, type Bucket } from "./bucket.ts";
import type { Ledger } from "./ledger.ts";
import { keyOf, type FoundBlock, type Metastore } from "./metastore.ts";
import type { ReplicatedLog } from "./replicated-log.ts";
import { isCovered } from "./rows.ts";
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
    const expected = [...ledger.keptRows(tenant)];
    const deleted = ledger.deletions.acknowledgedNow(tenant);
    const answer = yield* metastore.call((node) => metastore.blocksOf(node, tenant));
    if (answer.type === "unavailable") return;
    const begunMs = log.logMs;
    const blocks = answer.value;
    this.#checkComplete(tenant, blocks, { expected, deleted });
    const chosen = world.streams.queries.shuffled(blocks.map(({ meta }) => meta)).slice(0, MAX_READS);
    for (const block of chosen) {
      const delayMs = world.streams.queries.between(0, (2 * QUERY_MS) / MAX_READS);
      yield* wait<void>((resume) => world.queue.after(delayMs, resume));
      if (log.logMs - begunMs > QUERY_MS) return;
      yield* this.#read(block, begunMs);
    }
  }

  /**
   * P2 and P10, as a query sees them: every row that was registered before it began is in exactly one of the blocks, and
   * none that was deleted by then is seen in any.
   */
  #checkComplete(
    tenant: string,
    blocks: readonly FoundBlock[],
    { expected, deleted }: { expected: readonly number[]; deleted: readonly DataDeletion[] },
  ): void {
    const { ledger, world } = this.#deps;
    const found = new Map<string, string>();
    /** As blocks have them, and as they were pushed. */
    const visible = new Set<number>();
    const pushed = new Set<number>();
    for (const { meta, deletions } of blocks) {
      const { id } = meta;
      const life = ledger.live.get(id) ?? ledger.gone.get(id);
      if (!life) throw new Violation("P2", `a query found the block ${id}, which was never registered`);
      for (const segment of life.object.segments) {
        const other = found.get(segment);
        if (other !== undefined)
          throw new Violation("P2", `a query found ${segment} in ${other} and in ${id}`);
        found.set(segment, id);
      }
      for (const row of life.object.rows.get(tenant) ?? []) {
        if (deletions.some((deletion) => isCovered(row, deletion))) {
          world.seen.note("query passed over deleted rows");
          continue;
        }
        visible.add(row);
        for (const part of world.sums.partsOf(row)) pushed.add(part);
      }
    }
    // Rows that were deleted meanwhile may be missing.
    const missing = expected.find((row) => !pushed.has(row) && !ledger.mayBeGone(tenant, row));
    if (missing !== undefined) throw new Violation("P2", `a query for ${tenant} did not find row ${missing}`);
    // One that ended meanwhile covers nothing any more.
    const now = new Set(ledger.deletions.acknowledgedNow(tenant).map(({ number }) => number));
    for (const row of visible) {
      const deletion = deleted.find((one) => now.has(one.number) && isCovered(row, one));
      if (deletion)
        throw new Violation("P10", `a query saw row ${row} of ${tenant}, which ${deletion.number} deletes`);
    }
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
