import { grown } from "@hearth/symbols";
import type { OtlpSamples } from "./otlp-export.ts";
import { Uint32List } from "./uint32-list.ts";

/** Collects samples, from either encoding, into columns: begin, set, end. */
export class SamplesBuilder {
  readonly #stack = new Uint32List();
  readonly #link = new Uint32List();
  readonly #firstAttribute = new Uint32List();
  readonly #attribute = new Uint32List();
  readonly #valueCount = new Uint32List();
  readonly #timestampCount = new Uint32List();
  #value = new Float64Array(64);
  readonly #wideValue = new Map<number, bigint>();

  /** Of the sample under way. */
  stack = 0;
  link = 0;
  timestampCount = 0;
  #valuesSeen = 0;
  #sum = 0;
  #wideSum: bigint | undefined;

  constructor() {
    this.#firstAttribute.append(0);
  }

  get count(): number {
    return this.#stack.count;
  }

  addAttribute(index: number): void {
    this.#attribute.append(index);
  }

  /** @param value - exact, as a bigint when a double cannot hold it. */
  addValue(value: number | bigint): void {
    this.#valuesSeen++;
    if (this.#wideSum === undefined && typeof value === "number") {
      const sum = this.#sum + value;
      if (Number.isSafeInteger(sum)) {
        this.#sum = sum;
        return;
      }
    }
    this.#wideSum = (this.#wideSum ?? BigInt(this.#sum)) + BigInt(value);
  }

  /** Ends the sample under way and begins the next. */
  end(): void {
    const index = this.#stack.count;
    this.#stack.append(this.stack);
    this.#link.append(this.link);
    this.#firstAttribute.append(this.#attribute.count);
    this.#valueCount.append(this.#valuesSeen);
    this.#timestampCount.append(this.timestampCount);
    this.#value = grown(this.#value, index + 1);
    this.#value[index] = this.#wideSum === undefined ? this.#sum : Number.NaN;
    if (this.#wideSum !== undefined) this.#wideValue.set(index, this.#wideSum);
    this.#reset();
  }

  #reset(): void {
    this.stack = 0;
    this.link = 0;
    this.timestampCount = 0;
    this.#valuesSeen = 0;
    this.#sum = 0;
    this.#wideSum = undefined;
  }

  build(): OtlpSamples {
    return {
      count: this.#stack.count,
      stack: this.#stack.build(),
      link: this.#link.build(),
      firstAttribute: this.#firstAttribute.build(),
      attribute: this.#attribute.build(),
      valueCount: this.#valueCount.build(),
      value: this.#value.subarray(0, this.#stack.count),
      wideValue: this.#wideValue,
      timestampCount: this.#timestampCount.build(),
    };
  }
}
