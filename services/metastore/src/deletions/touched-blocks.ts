import type { BlockPlace } from "../index-state/block-place.ts";
import type { RowScope } from "./deletion-scopes.ts";

/** A registered block that may hold rows which are to be deleted. */
export interface TouchedBlock {
  readonly place: BlockPlace;
  /** Numbers of the deletions, ascending; at least one. */
  readonly deletions: readonly number[];
  /** When the first of them was requested. */
  readonly sinceMs: number;
  /** Nothing else is in it. */
  readonly isCovered: boolean;
}

/** Registered blocks that deletions in force touch. It follows from these two, and is not kept in a snapshot. */
export class TouchedBlocks {
  readonly #blocks = new Map<string, TouchedBlock>();
  /** By the number of a deletion: how many blocks it touches. */
  readonly #counts = new Map<number, number>();
  #coveredCount = 0;

  get count(): number {
    return this.#blocks.size;
  }

  /** Blocks that need not be written anew, but can go. */
  get coveredCount(): number {
    return this.#coveredCount;
  }

  has(id: string): boolean {
    return this.#blocks.has(id);
  }

  get(id: string): TouchedBlock | undefined {
    return this.#blocks.get(id);
  }

  /** In no particular order. */
  all(): IterableIterator<TouchedBlock> {
    return this.#blocks.values();
  }

  countOf(deletion: number): number {
    return this.#counts.get(deletion) ?? 0;
  }

  set(place: BlockPlace, { deletions, isCovered }: RowScope): void {
    this.delete(place.id);
    const numbers = deletions.map(({ number }) => number);
    const sinceMs = Math.min(...deletions.map(({ requestedMs }) => requestedMs));
    this.#blocks.set(place.id, { place, deletions: numbers, sinceMs, isCovered });
    for (const number of numbers) this.#counts.set(number, this.countOf(number) + 1);
    if (isCovered) this.#coveredCount++;
  }

  delete(id: string): void {
    const block = this.#blocks.get(id);
    if (!block) return;
    this.#blocks.delete(id);
    for (const number of block.deletions) {
      const left = this.countOf(number) - 1;
      if (left === 0) this.#counts.delete(number);
      else this.#counts.set(number, left);
    }
    if (block.isCovered) this.#coveredCount--;
  }
}
