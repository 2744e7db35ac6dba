import type { BlockMeta } from "@hearth/block";
import type { Clock } from "@hearth/runtime";
import { packOrigin, type MergedBlock } from "./group-outputs.ts";
import { blockPlaceOf } from "./judge-object.ts";
import type { ListedObject } from "./list-blocks.ts";
import { planSupersession } from "./plan-supersession.ts";

/** An object of the bucket that belongs to a block, as far as its key says. There is one of these for each: it is kept small. */
export interface InventoryEntry extends ListedObject {
  readonly id: string;
  readonly shard: number;
  readonly isSegment: boolean;
  /**
   * `gone`: it was removed since it was listed. Nothing is removed but what is in others by then, so it stands for what it stood for.
   * `left-out`: it cannot be registered, and stands for nothing.
   */
  state: "open" | "registered" | "gone" | "left-out";
}

/** What is to be done with the objects that are open, and what is to be said of all. */
export interface InventoryPlan {
  toRegister: InventoryEntry[];
  superseded: number;
  orphaned: number;
  doubtful: InventoryEntry[];
}

/** All that was found in the bucket, and what became of it. */
export class BucketInventory {
  readonly #entries: InventoryEntry[] = [];
  /** By key. */
  readonly #merged = new Map<string, MergedBlock>();
  /** Tenants and origins, each once: the outputs of a job have the same. */
  readonly #texts = new Map<string, string>();

  /** @returns the entry; undefined when the key is not that of a block. */
  add(object: ListedObject): InventoryEntry | undefined {
    const place = blockPlaceOf(object.key);
    if (!place) return undefined;
    const { id, shard, tenant } = place;
    const entry: InventoryEntry = {
      key: object.key,
      sizeBytes: object.sizeBytes,
      id,
      shard,
      isSegment: tenant === undefined,
      state: "open",
    };
    this.#entries.push(entry);
    return entry;
  }

  /** Notes what a block above level 0 says of itself. One of which nothing is noted stands for nothing. */
  noteMerged({ key, id }: InventoryEntry, { shard, level, tenant, minTimeMs, origin }: BlockMeta): void {
    const packed = origin && packOrigin(origin);
    this.#merged.set(key, {
      id,
      shard,
      level,
      tenant: this.#shared(tenant),
      minTimeMs,
      origin: packed && { ...packed, sources: this.#shared(packed.sources) },
    });
  }

  /**
   * Changes with what was left out since it was last called.
   *
   * @throws the signal's reason.
   */
  async plan(clock: Pick<Clock, "sleep">, signal: AbortSignal): Promise<InventoryPlan> {
    const plan: InventoryPlan = { toRegister: [], superseded: 0, orphaned: 0, doubtful: [] };
    const there = this.#entries.filter(({ state }) => state !== "left-out");
    for (const entries of Map.groupBy(there, ({ shard }) => shard).values()) {
      this.#planShard(entries, plan);
      // A large bucket takes minutes: others have their turn in between.
      await clock.sleep(0, signal);
    }
    return plan;
  }

  #planShard(entries: readonly InventoryEntry[], plan: InventoryPlan): void {
    const { superseded, orphaned, doubtful } = planSupersession({
      segments: entries.filter(({ isSegment }) => isSegment),
      merged: entries.flatMap(({ key }) => this.#merged.get(key) ?? []),
    });
    for (const entry of entries) {
      const isSpare = superseded.has(entry.id) || orphaned.has(entry.id);
      // What an earlier plan had registered and this one would not is there twice.
      if (doubtful.has(entry.id) || (isSpare && entry.state === "registered")) plan.doubtful.push(entry);
      if (entry.state !== "open") continue;
      if (superseded.has(entry.id)) plan.superseded++;
      else if (orphaned.has(entry.id)) plan.orphaned++;
      else plan.toRegister.push(entry);
    }
  }

  #shared(text: string): string {
    const known = this.#texts.get(text);
    if (known === undefined) this.#texts.set(text, text);
    return known ?? text;
  }
}
