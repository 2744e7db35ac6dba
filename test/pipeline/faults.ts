import type { Bucket } from "./bucket.ts";
import type { Ledger } from "./ledger.ts";
import { keyOf } from "./metastore.ts";
import type { MetaNode } from "./node.ts";
import type { ReplicatedLog } from "./replicated-log.ts";
import { FAULT_KINDS, type FaultKind } from "./swarm.ts";
import type { World } from "./world.ts";

export interface FaultDeps {
  readonly world: World;
  readonly log: ReplicatedLog;
  readonly bucket: Bucket;
  readonly ledger: Ledger;
  /** A node begins its life. */
  readonly onStart: (node: MetaNode) => void;
}

const MINUTE_MS = 60_000;
/** A leader that stands still for longer is replaced. */
const ELECTION_MS = 10_000;

/** Trouble from outside, until it ends. */
export class Faults {
  readonly #deps: FaultDeps;

  constructor(deps: FaultDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { queue, streams, swarm, isRough } = this.#deps.world;
    if (!isRough) return;
    queue.after(streams.faults.exponential(swarm.meanFaultMs), () => {
      if (!this.#deps.world.isRough) return;
      const kind = this.#draw();
      if (kind) this.#strike(kind);
      this.start();
    });
  }

  /** From here on everything works, and clocks are right again: as the log has it. */
  end(): void {
    const { log, bucket, world } = this.#deps;
    bucket.outageUntilMs = 0;
    for (const node of log.nodes) {
      node.machine.calm();
      node.clock.set(Math.max(0, log.logMs - world.trueMs), 0);
      if (!node.isUp) this.#startNode(node);
    }
  }

  #draw(): FaultKind | undefined {
    const { faults } = this.#deps.world.swarm;
    const total = FAULT_KINDS.reduce((sum, kind) => sum + faults[kind], 0);
    let at = this.#deps.world.streams.faults.next() * total;
    return FAULT_KINDS.find((kind) => (at -= faults[kind]) < 0);
  }

  #strike(kind: FaultKind): void {
    const { bucket, log, world } = this.#deps;
    const dice = world.streams.faults;
    const node = dice.pick(log.nodes);
    world.trace(() => `trouble: ${kind} (${node.name})`);
    switch (kind) {
      case "restart-node":
        this.#restart(node);
        break;
      case "freeze-node":
        this.#freeze(node, 1_000 * 10_000 ** dice.next());
        break;
      case "change-leader":
        // Mostly at the worst moment.
        if (dice.chance(0.2)) this.#changeLeader();
        else log.ambush(() => this.#changeLeader());
        break;
      case "jump-clock":
        node.clock.set(dice.between(-1, 1) * world.swarm.nodeSkewMs);
        break;
      case "damage-object":
      case "lose-object":
        this.#harm(kind);
        break;
      case "bucket-outage":
        bucket.outageUntilMs = world.queue.nowMs + dice.between(1, 20) * MINUTE_MS;
        break;
    }
  }

  #restart(node: MetaNode): void {
    const { log, world } = this.#deps;
    if (!node.isUp) return;
    node.crash();
    if (log.leader === node) this.#changeLeader();
    world.queue.after(world.streams.faults.exponential(MINUTE_MS), () => {
      if (!node.isUp) this.#startNode(node);
    });
  }

  #startNode(node: MetaNode): void {
    node.start();
    this.#deps.world.seen.note("replica restarted");
    this.#deps.onStart(node);
    this.#deps.log.pump(node);
  }

  #freeze(node: MetaNode, ms: number): void {
    node.machine.freeze(ms);
    if (this.#deps.log.leader === node && ms > ELECTION_MS) this.#changeLeader();
  }

  #changeLeader(): void {
    const { log, world } = this.#deps;
    const dice = world.streams.faults;
    log.changeLeader(dice.exponential(20_000), () => {
      const able = log.nodes.filter(({ canLead }) => canLead);
      return able.length > 0 ? dice.pick(able) : undefined;
    });
  }

  /** An object of a registered block is damaged, or somebody deletes it. */
  #harm(kind: "damage-object" | "lose-object"): void {
    const { bucket, ledger, world } = this.#deps;
    const ids = [...ledger.live.keys()];
    if (ids.length === 0) return;
    const id = world.streams.faults.pick(ids);
    const meta = ledger.live.get(id)!.object.meta;
    const object = bucket.objects.get(keyOf(meta));
    ledger.harm(id);
    world.trace(() => `trouble: ${kind} ${id}`);
    if (kind === "lose-object") bucket.objects.delete(keyOf(meta));
    else if (object?.type === "block") bucket.objects.set(keyOf(meta), { ...object, isDamaged: true });
  }
}
