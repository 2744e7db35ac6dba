import type { CallTree } from "@hearth/block";
import type { Symbols } from "@hearth/symbols";
import type { DatasetSource } from "./dataset-source.ts";
import type { SectionCache } from "./section-cache.ts";
import { SharedSymbols } from "./shared-symbols.ts";
import { SharedTree } from "./shared-tree.ts";

/**
 * The tables that the queries of a thread share, and what is known of each dataset in them. When a table has grown
 * beyond its limit, later queries begin another; those that run keep theirs.
 */
export class SharedTables {
  readonly #cache: SectionCache;
  readonly #limitBytes: number;
  #nextId = 0;
  #tree: SharedTree = new SharedTree(this.#nextId++);
  #symbols: SharedSymbols = new SharedSymbols(this.#nextId++);

  /** @param limitBytes - of each table. */
  constructor(cache: SectionCache, limitBytes: number) {
    this.#cache = cache;
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

  /** For each node of the dataset's tree its number in `shared`. */
  nodesOf(shared: SharedTree, source: DatasetSource, tree: CallTree): Uint32Array {
    return this.#cache.derive(`${source.key}/nodes/${shared.id}`, () => shared.merge(tree));
  }

  /** For each stack trace of the dataset its number in `shared`. */
  stacktracesOf(shared: SharedSymbols, source: DatasetSource, symbols: Symbols): Uint32Array {
    return this.#cache.derive(`${source.key}/stacktraces/${shared.id}`, () => shared.merge(symbols));
  }
}
