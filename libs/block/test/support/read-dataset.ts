import type { ProfileColumns } from "@hearth/profile";
import { labelsOf } from "@hearth/series-index";
import {
  type CallTree,
  type DatasetMeta,
  decodeNames,
  decodeProfiles,
  decodeSamples,
  decodeSeriesSection,
  decodeSymbols,
  decodeTree,
  fetchSections,
} from "../../src/index.ts";

const never = new AbortController().signal;

/** Everything of one dataset of a block that is in memory. */
export async function readDataset(
  object: Uint8Array,
  dataset: DatasetMeta,
): Promise<ProfileColumns & { tree: CallTree }> {
  const kinds = ["series", "profiles", "names", "tree", "samples", "symbols"] as const;
  const reader = {
    read: (offset: number, length: number) => Promise.resolve(object.subarray(offset, offset + length)),
  };
  const sections = await fetchSections(dataset, kinds, { reader, block: "b" }, never);
  const names = decodeNames(sections.get("names")!);
  const index = decodeSeriesSection(sections.get("series")!);
  const symbols = decodeSymbols(sections.get("symbols")!, names);
  const tree = decodeTree(sections.get("tree")!, names);
  const counts = {
    series: index.count,
    samples: dataset.sampleCount,
    stacktraces: symbols.stacktraces.parent.length,
  };
  const stored = decodeProfiles(sections.get("profiles")!, counts);
  return {
    series: Array.from({ length: index.count }, (_, i) => ({
      labels: labelsOf(index, i),
      fingerprint: index.fingerprints[i]!,
    })),
    rows: stored.rows,
    samples: decodeSamples(sections.get("samples")!, stored, counts),
    symbols,
    tree,
  };
}
