import type { Rollup } from "@hearth/block";
import type { SampleSelector } from "./leaf-request.ts";
import { SampleSums, type SampledDataset } from "./sample-sums.ts";
import type { SharedTree } from "./shared-tree.ts";

/** Sums samples by call tree over datasets. */
export class TreeSum {
  readonly shared: SharedTree;
  readonly #selector: SampleSelector;
  /** By node of the shared tree; what lies on the root is not reported. */
  readonly #sums = new SampleSums();

  constructor(shared: SharedTree, selector: SampleSelector) {
    this.shared = shared;
    this.#selector = selector;
  }

  /** @returns how many samples were looked at. */
  add(dataset: SampledDataset, selected: Uint32Array): number {
    this.#sums.reserve(this.shared.nodeCount);
    return this.#sums.addRows(dataset, selected, this.#selector);
  }

  /** @param numberOf - for each stack trace its number in the shared table. @returns how many sums were looked at. */
  addRollups(rollups: readonly Rollup[], numberOf: Uint32Array): number {
    this.#sums.reserve(this.shared.nodeCount);
    return rollups.reduce((count, rollup) => count + this.#sums.addRollup(rollup, numberOf), 0);
  }

  report(): Uint8Array {
    return this.shared.encode(this.#sums);
  }
}
