import type { MetastoreState } from "../../services/metastore/src/index-state/metastore-state.ts";
import { DEAD_LETTERS_PREFIX } from "@hearth/object-store";
import { ulidTimeMs } from "@hearth/runtime";

import { judgeOutput } from "../../services/metastore/src/orphans/judge-sweep.ts";
import { Violation } from "../../services/metastore/test/simulation/violation.ts";
import type { BlockObject } from "./blocks.ts";
import { Bucket } from "./bucket.ts";
import { Deleter } from "./deleter.ts";
import { Faults } from "./faults.ts";
import { Judge } from "./judge.ts";
import { Ledger } from "./ledger.ts";
import { isBlockKey, Metastore } from "./metastore.ts";
import { MetaNode } from "./node.ts";
import { Reader } from "./reader.ts";
import { ReplicatedLog } from "./replicated-log.ts";
import { rowAt } from "./rows.ts";
import { SkewedClock } from "./skewed-clock.ts";
import { Machine } from "./steps.ts";
import type { Swarm } from "./swarm.ts";
import { Sweeper } from "./sweeper.ts";
import { isPlanned, TierPlanner, tierPlanOf } from "./tier-planner.ts";
import { Worker } from "./worker.ts";
import { World } from "./world.ts";
import { Writer, type Clients } from "./writer.ts";

const HOUR_MS = 3_600_000;
/** Clients wait no longer for an answer, by far. */
const PATIENCE_MS = 10 * 60_000;

/** All parts of a run, put together. */
export class Pipeline implements Clients {
  readonly world: World;
  readonly ledger: Ledger;
  readonly log: ReplicatedLog;
  readonly #bucket: Bucket;
  readonly #metastore: Metastore;
  readonly #sweeper: Sweeper;
  readonly #tierPlanner: TierPlanner;
  readonly #writers: readonly Writer[];
  readonly #workers: readonly Worker[];
  readonly #faults: Faults;
  #rowCount = 0;

  constructor(seed: number, swarm: Swarm) {
    const world = new World(seed, swarm);
    this.world = world;
    this.ledger = new Ledger(world.sums);
    const judge = new Judge(world, this.ledger);
    this.#bucket = new Bucket(world, judge);
    this.log = new ReplicatedLog(world, nodesOf(world), judge);
    judge.watch({ bucket: this.#bucket, log: this.log });
    this.#metastore = new Metastore(world, this.log, this.#bucket);
    this.#sweeper = new Sweeper(world, this.log, this.#bucket);
    this.#tierPlanner = new TierPlanner(world, this.log);
    const deps = {
      world,
      metastore: this.#metastore,
      bucket: this.#bucket,
      log: this.log,
      ledger: this.ledger,
    };
    this.#writers = named("writer", swarm.writers).map(
      (name) => new Writer(name, { ...deps, clients: this }),
    );
    this.#workers = named("worker", swarm.workers).map((name) => new Worker(name, deps));
    const onStart = (node: MetaNode): void => this.#recoverOn(node);
    this.#faults = new Faults({ ...deps, onStart });
    for (const node of this.log.nodes) onStart(node);
    for (const machine of [...this.#writers, ...this.#workers]) machine.start();
    new Reader(deps).start();
    const isMerging = (): boolean => this.log.nodes.some(({ state }) => isMergingIn(state));
    const tenantOfSums = (): string | undefined => summedIn(this.log.nodes);
    new Deleter({ ...deps, deletions: this.ledger.deletions, isMerging, tenantOfSums }).start();
    this.#faults.start();
  }

  /** From here on nothing goes wrong any more, and nothing is pushed. */
  calm(): void {
    this.world.isRough = false;
    this.world.trace(() => "the trouble ends");
    for (const { machine } of [...this.#writers, ...this.#workers]) machine.calm();
    this.#faults.end();
  }

  made(segment: BlockObject): void {
    this.ledger.made(segment);
  }

  acknowledged({ meta }: BlockObject, how: "registered" | "dead letter", begunMs: number): void {
    if (how === "registered" && !this.ledger.registered.has(meta.id))
      throw new Violation("P2", `the segment ${meta.id} is acknowledged and not registered`);
    if (this.world.queue.nowMs - begunMs > PATIENCE_MS) this.world.seen.note("nobody waited for the answer");
    else this.ledger.acknowledge(meta.id);
  }

  newRows(count: number): number[] {
    const { swarm, streams, trueMs } = this.world;
    const lateMs = streams.writers.chance(swarm.lateRate) ? streams.writers.between(0, 6) * HOUR_MS : 0;
    const oldMs = streams.tiers.chance(swarm.oldRate) ? streams.tiers.between(12, 72) * HOUR_MS : 0;
    return Array.from({ length: count }, () => rowAt(trueMs - lateMs - oldMs, ++this.#rowCount));
  }

  /** P7: what is not done yet; undefined when all is. */
  unsettled(): string | undefined {
    const { nodes, entries, logMs } = this.log;
    if (this.#writers.some(({ openCount }) => openCount > 0)) return "a writer is not done";
    if ([...this.#bucket.objects.keys()].some((key) => key.startsWith(DEAD_LETTERS_PREFIX)))
      return "there are dead letters";
    const [{ state }] = nodes as [MetaNode];
    const { jobs, notes, tombstones } = state.compaction;
    const { table, touched } = state.deletions;
    if (jobs.count > 0) return `there are jobs: ${JSON.stringify([...jobs.all()])}`;
    if (tombstones.presentCount > 0)
      return `objects of ${tombstones.presentCount} tombstones are not deleted`;
    const ready = state.compaction.readyBatches(this.world.swarm.compaction, logMs);
    if (ready.length > 0) return `${ready.length} queues are not drained`;
    const plan = tierPlanOf(state, this.world.swarm);
    if (plan && !isPlanned(state, plan)) return "days are to be summed";
    for (const { place } of touched.all()) {
      if (!notes.isQuarantined(place.id)) return `${place.id} holds rows that are to be deleted`;
    }
    for (const { number, goneMs } of table.inForce()) {
      if (goneMs === undefined && touched.countOf(number) === 0) return `deletion ${number} is not finished`;
    }
    if (nodes.some(({ applied }) => applied < entries.length)) return "a node has not applied all";
    const left = this.#objectsWithoutBlock().find((object) => !this.#mayStay(object));
    return left && `the object of ${left.meta.id} is an orphan, and still there`;
  }

  /** What must be true when all is settled. */
  judgeEnd(): void {
    const { ledger } = this;
    const lost = [...ledger.acknowledged].find((id) => !ledger.registered.has(id));
    if (lost !== undefined)
      throw new Violation("P7", `the segment ${lost} was acknowledged, and is not registered`);
    for (const { meta } of this.#objectsWithoutBlock()) {
      const { id } = meta;
      if (ledger.acknowledged.has(id) && !ledger.gone.has(id))
        throw new Violation("P7", `the segment ${id} was acknowledged, and is an orphan`);
      this.world.seen.note("orphan left alone");
    }
    const stored = new Set<string>();
    for (const object of this.#blockObjects()) {
      stored.add(object.meta.id);
      if (ledger.live.has(object.meta.id)) this.#judgeDeleted(object);
    }
    for (const [id, { isHarmed }] of ledger.live) {
      if (!stored.has(id) && !isHarmed) throw new Violation("P3", `the block ${id} has no object at the end`);
    }
  }

  /** P10: of what is deleted no byte is left, but in objects that cannot be read. */
  #judgeDeleted({ meta, rows }: BlockObject): void {
    const [{ state }] = this.log.nodes as [MetaNode];
    if (state.compaction.notes.isQuarantined(meta.id)) return;
    for (const [tenant, ofTenant] of rows) {
      const row = ofTenant.find((one) => this.ledger.deletions.mustBeGone(tenant, one));
      if (row !== undefined)
        throw new Violation("P10", `the object of ${meta.id} holds row ${row} of ${tenant} at the end`);
    }
  }

  #blockObjects(): BlockObject[] {
    return [...this.#bucket.objects].flatMap(([key, object]) =>
      object.type === "block" && isBlockKey(key) ? [object] : [],
    );
  }

  #objectsWithoutBlock(): BlockObject[] {
    return this.#blockObjects().filter(({ meta }) => !this.ledger.live.has(meta.id));
  }

  /** Nobody vouches for what was before, a job may yet register it, or it came back and its tombstone is remembered. */
  #mayStay({ meta }: BlockObject): boolean {
    const { orphans, tombstones } = this.log.nodes[0]!.state.compaction;
    const { graceMs, includesOld } = this.world.swarm.orphans;
    const isOld = orphans.sinceMs === undefined || ulidTimeMs(meta.id) < orphans.sinceMs + graceMs;
    if ((isOld && !includesOld) || tombstones.has(meta.id)) return true;
    return meta.level > 0 && judgeOutput(meta.origin, (id) => this.ledger.live.has(id)) !== "orphan";
  }

  #recoverOn(node: MetaNode): void {
    node.machine.run(this.#metastore.recoverUntilCrash(node));
    node.machine.run(this.#sweeper.sweepUntilCrash(node));
    node.machine.run(this.#tierPlanner.planUntilCrash(node));
  }
}

function isMergingIn({ compaction }: MetastoreState): boolean {
  return Array.from(compaction.jobs.all()).some(({ type, worker }) => type === "compaction" && worker !== "");
}

/** A tenant whose days a worker sums now. */
function summedIn(nodes: readonly MetaNode[]): string | undefined {
  for (const { state } of nodes) {
    for (const job of state.compaction.jobs.all()) {
      if (job.type === "compaction" && job.outputLevel > 0 && job.worker !== "") return job.tenant;
    }
  }
  return undefined;
}

function nodesOf(world: World): MetaNode[] {
  const { queue, streams, swarm } = world;
  return named("node", swarm.nodes).map((name) => {
    const aheadMs = streams.faults.between(-1, 1) * swarm.nodeSkewMs;
    const clock = new SkewedClock(world, {
      aheadMs,
      drift: streams.faults.between(-1, 1) * swarm.clockDrift,
    });
    return new MetaNode(new Machine(name, { queue, dice: streams.faults }), clock);
  });
}

function named(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${kind}${n + 1}`);
}
