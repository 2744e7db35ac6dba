import { heap, type Memory } from "@hearth/arena";
import { ExactSums } from "@hearth/exact-integers";
import type { RowColumns } from "./profile-columns.ts";
import { xxHash64 } from "./xx-hash.ts";

const ID_BYTES = 16;

/** What a sum of rows says of them. Series and samples are the caller's. */
export type SummedColumns = Omit<RowColumns, "series" | "firstSample">;

/** Rows that are made of several each: totals and durations are summed, the period is the largest. */
export class RowSums {
  readonly #count: number;
  readonly #timeMs: Float64Array;
  readonly #timeRestNanos: Uint32Array;
  readonly #profileId: Uint8Array;
  readonly #total: ExactSums;
  readonly #period: Float64Array;
  readonly #durationNanos: Float64Array;

  /** @param memory - where the columns lie. */
  constructor(count: number, memory: Memory = heap) {
    this.#count = count;
    this.#timeMs = memory.float64(count);
    this.#timeRestNanos = memory.uint32(count);
    this.#profileId = memory.uint8(count * ID_BYTES);
    this.#total = new ExactSums(count, memory);
    this.#period = memory.float64(count);
    this.#durationNanos = memory.float64(count);
  }

  /** Makes a row part of the sum `to`. */
  add(to: number, from: RowColumns, row: number): void {
    this.#total.add(to, from.total.low[row]!, from.total.high?.[row]);
    this.#durationNanos[to]! += from.durationNanos[row]!;
    if (from.period[row]! > this.#period[to]!) this.#period[to] = from.period[row]!;
  }

  /** Gives the sum `to` the time of a row. */
  setTime(to: number, from: RowColumns, row: number): void {
    this.#timeMs[to] = from.timeMs[row]!;
    this.#timeRestNanos[to] = from.timeRestNanos[row]!;
  }

  /**
   * Gives the sum `to` an id that follows from those of its rows. One row keeps its own.
   *
   * @param ids - of all its rows, one after another, in an order that follows from the rows alone.
   */
  setId(to: number, ids: Uint8Array): void {
    this.#profileId.set(ids.length === ID_BYTES ? ids : hashIds(ids), to * ID_BYTES);
  }

  columns(): SummedColumns {
    return {
      count: this.#count,
      timeMs: this.#timeMs,
      timeRestNanos: this.#timeRestNanos,
      profileId: this.#profileId,
      total: { low: this.#total.low, high: this.#total.high },
      period: this.#period,
      durationNanos: this.#durationNanos,
    };
  }
}

function hashIds(ids: Uint8Array): Uint8Array {
  const id = new Uint8Array(ID_BYTES);
  const view = new DataView(id.buffer);
  view.setBigUint64(0, xxHash64(ids, 0n));
  view.setBigUint64(8, xxHash64(ids, 1n));
  return id;
}
