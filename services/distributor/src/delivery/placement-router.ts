import { UnavailableError } from "@hearth/errors";
import { hashKey, place, slotTable, type SlotTable } from "@hearth/placement";
import type { Random } from "@hearth/runtime";
import type { LimitsSource } from "@hearth/tenant-limits";
import type { KnownWriter, Route, Router } from "./writer-client.ts";

/** Places by tenant, service and labels over the writers that are known. */
export class PlacementRouter implements Router {
  readonly #knownWriters: () => readonly KnownWriter[];
  readonly #limits: LimitsSource;
  readonly #random: Random;
  #writers: readonly KnownWriter[] = [];
  #slots: SlotTable = slotTable([]);
  #byId: ReadonlyMap<string, KnownWriter> = new Map();

  /** @param knownWriters - the writers now; the same array as long as they are the same. */
  constructor(knownWriters: () => readonly KnownWriter[], deps: { limits: LimitsSource; random: Random }) {
    this.#knownWriters = knownWriters;
    this.#limits = deps.limits;
    this.#random = deps.random;
  }

  route(key: { tenant: string; serviceName: string; fingerprint: bigint }): Route {
    this.#layOut(this.#knownWriters());
    if (this.#slots.slotCount === 0) {
      throw new UnavailableError("no segment writer is known", { retryAfterMs: 1000 });
    }
    const limits = this.#limits.limitsFor(key.tenant);
    const { shard, slots } = place(
      { tenant: hashKey(key.tenant), dataset: hashKey(key.serviceName), fingerprint: key.fingerprint },
      {
        tenantShards: Math.max(limits.placementTenantShards, limits.ingestionTenantShardSize),
        datasetShards: limits.placementDefaultDatasetShards,
        balancing: "fingerprint",
      },
      { slotCount: this.#slots.slotCount, randomUnit: this.#random.next() },
    );
    const ids = new Set(slots.map((slot) => this.#slots.writerOf(slot).id));
    return { shard, writers: Array.from(ids, (id) => this.#byId.get(id)!) };
  }

  /** An empty list is not believed while another is known: a failed look-up does not stop ingestion. */
  #layOut(writers: readonly KnownWriter[]): void {
    if (writers === this.#writers || (writers.length === 0 && this.#writers.length > 0)) return;
    this.#writers = writers;
    this.#slots = slotTable(writers);
    this.#byId = new Map(writers.map((writer) => [writer.id, writer]));
  }
}
