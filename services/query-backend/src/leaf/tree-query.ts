import type { CallTree } from "@hearth/block";
import type { RowColumns, SampleColumns } from "@hearth/profile";
import { encodeTree, type TreeBuilder } from "@hearth/tree";
import type { SampleSelector } from "./leaf-request.ts";
import { nodesBelowCallSite, spanPredicate, type SamplePredicate } from "./select-samples.ts";

/**
 * Adds the samples of the selected rows to a tree.
 *
 * @returns how many samples were summed.
 */
export function addRowsToTree(
  builder: TreeBuilder,
  dataset: { tree: CallTree; samples: SampleColumns; rows: RowColumns },
  selected: Uint32Array,
  selector: SampleSelector,
): number {
  const { tree, samples, rows } = dataset;
  const counts = spanPredicate(samples, selector);
  const below = nodesBelowCallSite(tree, selector.callSite);
  const used = new Uint8Array(tree.parent.length);
  let sampleCount = 0;
  for (const row of selected) {
    const end = rows.firstSample[row + 1]!;
    for (let sample = rows.firstSample[row]!; sample < end; sample++)
      used[tree.nodeOf[samples.stacktrace[sample]!]!] = 1;
    sampleCount += end - rows.firstSample[row]!;
  }
  const own = builder.mergeUsedNodes(tree, used);
  for (const row of selected) {
    addSamples(
      builder,
      { tree, samples, own, below, counts },
      rows.firstSample[row]!,
      rows.firstSample[row + 1]!,
    );
  }
  return sampleCount;
}

interface TreeTarget {
  readonly tree: CallTree;
  readonly samples: SampleColumns;
  /** For each node of the dataset its node in the builder. */
  readonly own: Uint32Array;
  readonly below: Uint8Array | undefined;
  readonly counts: SamplePredicate;
}

function addSamples(builder: TreeBuilder, target: TreeTarget, start: number, end: number): void {
  const { tree, samples, own, below, counts } = target;
  const { low, high } = samples.value;
  for (let sample = start; sample < end; sample++) {
    const node = tree.nodeOf[samples.stacktrace[sample]!]!;
    if (node === 0 || (below && below[node] === 0) || (counts && !counts(sample))) continue;
    builder.addSelf(own[node]!, low[sample]!, high ? high[sample]! : 0);
  }
}

export function treeReport(builder: TreeBuilder): Uint8Array {
  return encodeTree(builder.build());
}
