import { ExactSums, WORD } from "@hearth/exact-integers";
import type { Labels } from "@hearth/labels";
import type { SampleGroup } from "@hearth/profile";
import { SPAN_ID_BYTES, TRACE_ID_BYTES, type LinkConverter } from "./link-converter.ts";

/** Samples of one label set of a profile; those of one stack trace and link are summed. */
export class GroupBuilder {
  readonly labels: Labels;
  readonly #links: LinkConverter;
  readonly #positions = new Map<number, number>();
  readonly stacktraces: number[] = [];
  readonly links: number[] = [];
  /** A bigint where a double cannot hold it. */
  readonly values: (number | bigint)[] = [];
  #hasLinks = false;

  constructor(labels: Labels, links: LinkConverter) {
    this.labels = labels;
    this.#links = links;
  }

  /** @param value - greater than 0. */
  add(stacktrace: number, link: number, value: number | bigint): void {
    const key = stacktrace * this.#links.count + link;
    const known = this.#positions.get(key);
    if (known !== undefined) {
      this.values[known] = sumOf(this.values[known]!, value);
      return;
    }
    this.#positions.set(key, this.values.length);
    this.stacktraces.push(stacktrace);
    this.links.push(link);
    this.values.push(value);
    this.#hasLinks ||= link !== 0;
  }

  build(): SampleGroup {
    const count = this.values.length;
    const value = new ExactSums(count);
    for (let i = 0; i < count; i++) {
      const each = this.values[i]!;
      if (typeof each === "number" && each < WORD) value.add(i, each);
      else value.add(i, Number(BigInt(each) % BigInt(WORD)), Number(BigInt(each) / BigInt(WORD)));
    }
    return {
      labels: this.labels,
      count,
      stacktrace: Uint32Array.from(this.stacktraces),
      values: [value],
      spanId: this.#ids(SPAN_ID_BYTES, (link) => this.#links.spanId(link)),
      traceId: this.#ids(TRACE_ID_BYTES, (link) => this.#links.traceId(link)),
    };
  }

  #ids(sizeBytes: number, idOf: (link: number) => Uint8Array): Uint8Array | undefined {
    if (!this.#hasLinks) return undefined;
    const ids = new Uint8Array(sizeBytes * this.links.length);
    for (const [index, link] of this.links.entries()) ids.set(idOf(link), index * sizeBytes);
    return ids;
  }
}

function sumOf(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return BigInt(a) + BigInt(b);
}
