import { SharedSymbols } from "./shared-symbols.ts";
import { SharedTree } from "./shared-tree.ts";

/**
 * The tables that the queries of a thread share. When one has grown beyond its limit, later queries begin another;
 * those that run keep theirs.
 */
export class SharedTables {
  readonly #limitBytes: number;
  #nextId = 0;
  #tree: SharedTree = new SharedTree(this.#nextId++);
  #symbols: SharedSymbols = new SharedSymbols(this.#nextId++);

  /** @param limitBytes - of each table. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  tree(): SharedTree {
    if (this.#tree.sizeBytes > this.#limitBytes) this.#tree = new SharedTree(this.#nextId++);
    return this.#tree;
  }

  symbols(): SharedSymbols {
    if (this.#symbols.sizeBytes > this.#limitBytes) this.#symbols = new SharedSymbols(this.#nextId++);
    return this.#symbols;
  }
}
