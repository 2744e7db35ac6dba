import type { OtlpLimits } from "../otlp-export.ts";
import { malformedJson } from "./json-values.ts";

/** Holds an export to its limits while it is read. */
export class EntryCounter {
  readonly #limits: OtlpLimits;
  #entryCount = 0;
  #listedCount = 0;

  constructor(limits: OtlpLimits) {
    this.#limits = limits;
  }

  /** Counts an entry of a table, a profile or a sample. */
  countEntry(): void {
    if (++this.#entryCount > this.#limits.maxEntryCount) throw malformedJson("it has too many entries");
  }

  /** Counts a number that will be kept in a list. */
  countListed(): void {
    if (++this.#listedCount > this.#limits.maxListedCount) throw malformedJson("its lists are too long");
  }
}
