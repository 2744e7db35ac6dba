import type { Memory } from "@hearth/arena";
import { DataLossError } from "@hearth/errors";
import type { ProfileColumns } from "@hearth/profile";
import { labelsOf } from "@hearth/series-index";
import type { DatasetMeta, SectionKind } from "./block-meta.ts";
import { decodeProfiles } from "./sections/profiles-section.ts";
import { decodeSamples } from "./sections/samples-section.ts";
import { decodeSeriesSection } from "./sections/series-section.ts";
import { decodeSymbols } from "./sections/symbols-section.ts";
import { decodeNames } from "./sections/tree-section.ts";

/** What {@link decodeDataset} needs: all but the call tree, which follows from the symbols. */
export const DATASET_SECTIONS: readonly SectionKind[] = ["series", "profiles", "names", "samples", "symbols"];

/**
 * Decodes a whole dataset.
 *
 * @param sections - raw, of all {@link DATASET_SECTIONS}.
 * @param symbolMemory - where the symbols lie, and nothing else.
 * @throws {DataLossError} when a section is damaged, or does not hold what the metadata says.
 */
export function decodeDataset(
  dataset: DatasetMeta,
  sections: ReadonlyMap<SectionKind, Uint8Array>,
  symbolMemory: Memory,
): ProfileColumns {
  const index = decodeSeriesSection(sections.get("series")!);
  const names = decodeNames(sections.get("names")!, symbolMemory);
  const symbols = decodeSymbols(sections.get("symbols")!, names, symbolMemory);
  const counts = {
    series: index.count,
    samples: dataset.sampleCount,
    stacktraces: symbols.stacktraces.parent.length,
  };
  const stored = decodeProfiles(sections.get("profiles")!, counts);
  const { rows } = stored;
  if (rows.count !== dataset.profileCount) {
    throw new DataLossError(
      `block: row count differs: actual=${rows.count} expected=${dataset.profileCount}`,
    );
  }
  const samples = decodeSamples(sections.get("samples")!, stored, counts);
  const series = Array.from({ length: index.count }, (_, i) => ({
    labels: labelsOf(index, i),
    fingerprint: index.fingerprints[i]!,
  }));
  return { series, rows, samples, symbols };
}
