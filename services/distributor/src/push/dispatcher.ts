import { untilAborted } from "@hearth/runtime";
import type { Aggregator } from "../aggregation/aggregator.ts";
import { isAggregated, offersOf } from "../aggregation/offers.ts";
import type { Parcel } from "../delivery/deliver.ts";
import type { Deliverer } from "../delivery/deliverer.ts";
import type { EncodedOutcome, EncodedProfile } from "../worker/prepare-profiles.ts";
import type { Arrival } from "./admission.ts";
import type { PushOutcomes } from "./push-outcome.ts";
import type { PushedItem } from "./pushed-item.ts";

/** A request's profiles, as they are to be stored. */
export interface Shipment {
  readonly items: readonly PushedItem[];
  readonly prepared: readonly EncodedOutcome[];
  /** For each profile why it is not stored; nothing when it is to be. */
  readonly refusals: readonly (Error | undefined)[];
}

/** Waits for what is still to be merged, as long as the client does. */
export type Settled = (signal: AbortSignal) => Promise<PushOutcomes>;

/** Sends profiles to writers: at once, or, for tenants that want it so, merged with others of their series. */
export class Dispatcher {
  readonly #deliverer: Deliverer;
  readonly #aggregator: Aggregator;

  constructor(deps: { deliverer: Deliverer; aggregator: Aggregator }) {
    this.#deliverer = deps.deliverer;
    this.#aggregator = deps.aggregator;
  }

  /**
   * All parcels of all profiles go out together: one request for each shard.
   *
   * @param signal - limits what is sent at once, not what is merged first.
   */
  async dispatch(arrival: Arrival, shipment: Shipment, signal: AbortSignal): Promise<Settled> {
    const outcomes = [...shipment.refusals];
    const toStore = shipment.prepared.flatMap((outcome, index) =>
      outcome.type === "rejected" || outcomes[index] ? [] : [{ index, outcome }],
    );
    if (isAggregated(arrival.limits))
      return this.#aggregate(arrival, shipment.items, toStore, outcomes, signal);
    const parcels = toStore.flatMap(({ outcome }) => outcome.services);
    const owners = toStore.flatMap(({ index, outcome }) => outcome.services.map(() => index));
    const delivered = await this.#deliver(arrival, parcels, signal);
    for (const [position, error] of delivered.entries()) outcomes[owners[position]!] ??= error;
    return () => Promise.resolve(outcomes);
  }

  async #aggregate(
    arrival: Arrival,
    items: readonly PushedItem[],
    toStore: readonly { index: number; outcome: EncodedProfile }[],
    outcomes: (Error | undefined)[],
    signal: AbortSignal,
  ): Promise<Settled> {
    const { tenant, limits } = arrival;
    const owned = toStore.flatMap(({ index, outcome }) =>
      offersOf(tenant, outcome, items[index]!.labels, limits).map((offer) => ({ index, offer })),
    );
    const offers = owned.map(({ offer }) => offer);
    const { direct, held, settle } = this.#aggregator.take(tenant, offers, limits);
    const parcels = direct.map((position) => offers[position]!);
    const delivered = await this.#deliver(arrival, parcels, signal);
    settle(delivered);
    for (const [at, position] of direct.entries()) outcomes[owned[position]!.index] ??= delivered[at];
    if (limits.asyncIngest) return () => Promise.resolve(outcomes);
    return async (client) => {
      const settled = await untilAborted(Promise.all(held.values()), client);
      for (const [at, position] of [...held.keys()].entries())
        outcomes[owned[position]!.index] ??= settled[at];
      return outcomes;
    };
  }

  #deliver(
    { tenant, limits }: Arrival,
    parcels: readonly Parcel[],
    signal: AbortSignal,
  ): Promise<(Error | undefined)[]> {
    return this.#deliverer.deliver(tenant, parcels, limits, signal);
  }
}
