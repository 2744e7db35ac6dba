import type { StoredSection } from "../dataset-reader.ts";
import type { PlannedPart } from "./plan-merge.ts";
import type { SourceReader } from "./source-reader.ts";

/** What came of reading a part. */
export type PartRead =
  | { readonly type: "read"; readonly sections: readonly StoredSection[] }
  | { readonly type: "failed"; readonly error: unknown };

/**
 * Reads parts in their order, some ahead of the one that is asked for: as they are stored, so that what waits is small.
 */
export class PartReads {
  readonly #parts: Iterator<PlannedPart>;
  readonly #readers: ReadonlyMap<string, SourceReader>;
  readonly #signal: AbortSignal;
  /** In order, at least one as long as there are parts. */
  readonly #started: Promise<PartRead>[] = [];

  /** @param options.maxReads - datasets that are read at once, at least 1. */
  constructor(
    parts: readonly PlannedPart[],
    readers: ReadonlyMap<string, SourceReader>,
    { maxReads, signal }: { maxReads: number; signal: AbortSignal },
  ) {
    this.#parts = parts[Symbol.iterator]();
    this.#readers = readers;
    this.#signal = signal;
    for (let i = 0; i < maxReads; i++) this.#start();
  }

  /** The next part. Never rejects; must not be asked for more parts than there are. */
  async next(): Promise<PartRead> {
    const read = await this.#started.shift()!;
    this.#start();
    return read;
  }

  #start(): void {
    const { value: part, done } = this.#parts.next();
    if (!done) this.#started.push(this.#read(part));
  }

  async #read({ block, dataset }: PlannedPart): Promise<PartRead> {
    try {
      return { type: "read", sections: await this.#readers.get(block)!.fetch(dataset, this.#signal) };
    } catch (error) {
      return { type: "failed", error };
    }
  }
}
