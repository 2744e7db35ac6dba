import type { BlockMeta } from "@hearth/block";
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
  readonly toRegister: readonly InventoryEntry[];
  readonly superseded: number;
  readonly orphaned: number;
  readonly doubtful: readonly InventoryEntry[];
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

  /** Changes with what was left out since it was last called. */
  plan(): InventoryPlan {
    const there = this.#entries.filter(({ state }) => state !== "left-out");
    const plan = planSupersession({
      segments: there.filter(({ isSegment }) => isSegment),
      merged: there.flatMap(({ key }) => this.#merged.get(key) ?? []),
    });
    const open = there.filter(({ state }) => state === "open");
    const isSpare = ({ id }: InventoryEntry): boolean => plan.superseded.has(id) || plan.orphaned.has(id);
    return {
      toRegister: open.filter((entry) => !isSpare(entry)),
      superseded: open.filter(({ id }) => plan.superseded.has(id)).length,
      orphaned: open.filter(({ id }) => plan.orphaned.has(id)).length,
      // What an earlier plan had registered and this one would not is there twice.
      doubtful: there.filter(
        (entry) => plan.doubtful.has(entry.id) || (entry.state === "registered" && isSpare(entry)),
      ),
    };
  }

  #shared(text: string): string {
    const known = this.#texts.get(text);
    if (known === undefined) this.#texts.set(text, text);
    return known ?? text;
  }
}
