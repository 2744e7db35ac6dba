import type { CallTree } from "@hearth/block";
import type { RowColumns, SampleColumns } from "@hearth/profile";
import type { SampleSelector } from "./leaf-request.ts";
import { spanPredicate, stacktracesBelowCallSite, type SamplePredicate } from "./select-samples.ts";
import { NodeSums, type SharedTree } from "./shared-tree.ts";

interface TreeDataset {
  readonly samples: SampleColumns;
  readonly rows: RowColumns;
  /** For each stack trace its node in the shared tree. */
  readonly nodes: Uint32Array;
  /** Only for queries with a call site. */
  readonly tree: CallTree | undefined;
}

/** Sums samples by call tree over datasets. */
export class TreeSum {
  readonly shared: SharedTree;
  readonly #selector: SampleSelector;
  readonly #sums = new NodeSums();

  constructor(shared: SharedTree, selector: SampleSelector) {
    this.shared = shared;
    this.#selector = selector;
  }

  /** @returns how many samples were looked at. */
  add(dataset: TreeDataset, selected: Uint32Array): number {
    const { tree, samples, rows } = dataset;
    this.#sums.reserve(this.shared.nodeCount);
    const counts = spanPredicate(samples, this.#selector);
    const below = stacktracesBelowCallSite(tree, this.#selector.callSite);
    let sampleCount = 0;
    for (const row of selected) {
      const start = rows.firstSample[row]!;
      const end = rows.firstSample[row + 1]!;
      addSamples(this.#sums, dataset, { start, end, below, counts });
      sampleCount += end - start;
    }
    return sampleCount;
  }

  report(): Uint8Array {
    return this.shared.encode(this.#sums);
  }
}

interface SampleRange {
  readonly start: number;
  readonly end: number;
  readonly below: Uint8Array | undefined;
  readonly counts: SamplePredicate;
}

function addSamples(sums: NodeSums, { samples, nodes }: TreeDataset, range: SampleRange): void {
  const { start, end, below, counts } = range;
  const { low, high } = samples.value;
  for (let sample = start; sample < end; sample++) {
    const stacktrace = samples.stacktrace[sample]!;
    const node = nodes[stacktrace]!;
    if (node === 0 || (below && below[stacktrace] === 0) || (counts && !counts(sample))) continue;
    sums.add(node, low[sample]!, high ? high[sample]! : 0);
  }
}
