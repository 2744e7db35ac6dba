import type { RangeReader } from "@hearth/block";
import { SharedLoads } from "./shared-loads.ts";

/** A part of an object. */
export interface Run {
  readonly offset: number;
  readonly end: number;
}

/** Gaps that are read over, and the longest run that is made of several sections. */
const GAP_BYTES = 64 * 1024;
const RUN_BYTES = 512 * 1024;
/** Of a leaf: runs that its blocks hold at once. */
const LEAF_RUN_BYTES = 16 * 1024 * 1024;

/** What the blocks of a leaf may hold of runs. */
export class RunAllowance {
  #leftBytes: number;

  constructor(leftBytes = LEAF_RUN_BYTES) {
    this.#leftBytes = leftBytes;
  }

  /** @returns whether so much is left. */
  take(bytes: number): boolean {
    if (bytes > this.#leftBytes) return false;
    this.#leftBytes -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#leftBytes += bytes;
  }
}

/** Sections that lie together, as runs; ascending. */
export function runsOf(sections: readonly { readonly offset: number; readonly sizeBytes: number }[]): Run[] {
  const runs: Run[] = [];
  for (const { offset, sizeBytes } of sections.toSorted((a, b) => a.offset - b.offset)) {
    const last = runs.at(-1);
    const end = offset + sizeBytes;
    const isNear = last !== undefined && offset - last.end <= GAP_BYTES && end - last.offset <= RUN_BYTES;
    if (isNear) runs[runs.length - 1] = { offset: last.offset, end };
    else runs.push({ offset, end });
  }
  return runs;
}

/**
 * Reads sections of a block, which come one after another, since one says whether the next is needed. Those that lie together
 * come with one request all the same: in object storage it is requests that cost, money and some ten milliseconds each, in
 * which half a megabyte passes.
 */
export class RunReader implements RangeReader {
  readonly #reader: RangeReader;
  readonly #wantedRuns: () => readonly Run[];
  readonly #allowance: RunAllowance;
  readonly #held = new Map<Run, Uint8Array>();
  readonly #loads = new SharedLoads<Run, Uint8Array | undefined>();
  #runs: readonly Run[] | undefined;
  #fetchedBytes = 0;

  /** @param wantedRuns - of what will be read, in all likelihood; asked with the first read. */
  constructor(reader: RangeReader, wantedRuns: () => readonly Run[], allowance: RunAllowance) {
    this.#reader = reader;
    this.#wantedRuns = wantedRuns;
    this.#allowance = allowance;
  }

  /** What was asked of the object so far. */
  get fetchedBytes(): number {
    return this.#fetchedBytes;
  }

  async read(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array> {
    this.#runs ??= this.#wantedRuns();
    const run = this.#runs.find((one) => one.offset <= offset && offset + length <= one.end);
    const isWhole = run?.offset === offset && run.end === offset + length;
    if (!run || isWhole) return this.#fetch(offset, length, signal);
    const bytes =
      this.#held.get(run) ??
      (await this.#loads.get(run, (loadSignal) => this.#hold(run, loadSignal), signal));
    // A copy: what is decoded may be kept, and a part would keep all of the run.
    return bytes
      ? bytes.slice(offset - run.offset, offset - run.offset + length)
      : this.#fetch(offset, length, signal);
  }

  /** Forgets the runs up to an offset. */
  release(offset: number): void {
    for (const [run, { length }] of this.#held) {
      if (run.end > offset) continue;
      this.#allowance.giveBack(length);
      this.#held.delete(run);
    }
  }

  /** @returns nothing where there is no room for the run. */
  async #hold(run: Run, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const sizeBytes = run.end - run.offset;
    if (!this.#allowance.take(sizeBytes)) return undefined;
    try {
      const bytes = await this.#fetch(run.offset, sizeBytes, signal);
      this.#held.set(run, bytes);
      return bytes;
    } catch (error) {
      this.#allowance.giveBack(sizeBytes);
      throw error;
    }
  }

  #fetch(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array> {
    this.#fetchedBytes += length;
    return this.#reader.read(offset, length, signal);
  }
}
