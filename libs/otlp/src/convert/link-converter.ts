import type { OtlpLink } from "../otlp-export.ts";
import { RejectedProfile } from "./converted-export.ts";

export const SPAN_ID_BYTES = 8;
export const TRACE_ID_BYTES = 16;

/** Numbers links by their content: 0 is none, equal links are one. Ids of another length than real ones are none. */
export class LinkConverter {
  readonly #numbers: Uint32Array;
  readonly #spanIds: Uint8Array[] = [new Uint8Array(SPAN_ID_BYTES)];
  readonly #traceIds: Uint8Array[] = [new Uint8Array(TRACE_ID_BYTES)];

  constructor(links: readonly OtlpLink[]) {
    const known = new Map([["".padEnd(TRACE_ID_BYTES + SPAN_ID_BYTES, "\u0000"), 0]]);
    this.#numbers = Uint32Array.from(links, ({ traceId, spanId }) => {
      const trace = sized(traceId, TRACE_ID_BYTES);
      const span = sized(spanId, SPAN_ID_BYTES);
      const key = Buffer.concat([trace, span]).toString("latin1");
      const number = known.get(key) ?? this.#spanIds.length;
      if (number === this.#spanIds.length) {
        known.set(key, number);
        this.#spanIds.push(span);
        this.#traceIds.push(trace);
      }
      return number;
    });
    if (this.#numbers.length > 0) this.#numbers[0] = 0; // link 0 means none, whatever it says
  }

  /** How many numbers there are, 0 included. */
  get count(): number {
    return this.#spanIds.length;
  }

  /** @throws {RejectedProfile} when there is no such link. */
  number(index: number): number {
    if (index === 0) return 0;
    const number = this.#numbers[index];
    if (number !== undefined) return number;
    throw new RejectedProfile(`link index out of range: link=${index} count=${this.#numbers.length}`);
  }

  spanId(number: number): Uint8Array {
    return this.#spanIds[number]!;
  }

  traceId(number: number): Uint8Array {
    return this.#traceIds[number]!;
  }
}

function sized(id: Uint8Array, sizeBytes: number): Uint8Array {
  return id.length === sizeBytes ? id : new Uint8Array(sizeBytes);
}
