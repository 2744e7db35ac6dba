/** Distinct strings over all blocks of a leaf, and which of them each block has. */
export class DistinctByBlock {
  /** In the order in which they came. */
  readonly strings: string[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #blocks: readonly Set<number>[];

  constructor(blockCount: number) {
    this.#blocks = Array.from({ length: blockCount }, () => new Set<number>());
  }

  add(block: number, strings: readonly string[]): void {
    const ofBlock = this.#blocks[block]!;
    for (const string of strings) {
      let index = this.#indexes.get(string);
      if (index === undefined) this.#indexes.set(string, (index = this.strings.push(string) - 1));
      ofBlock.add(index);
    }
  }

  /** For each block the number of its strings, then their indexes in {@link strings}, ascending. */
  byBlock(): number[] {
    return this.#blocks.flatMap((indexes) => [indexes.size, ...[...indexes].sort((a, b) => a - b)]);
  }
}
