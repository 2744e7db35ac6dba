import { DataLossError } from "@hearth/errors";
import type { DatasetMeta, Section, SectionKind } from "./block-meta.ts";
import { openSection } from "./codec/section-codec.ts";

/** Reads a part of one object. What `@hearth/object-store` satisfies. */
export interface RangeReader {
  /** @returns exactly `length` bytes. */
  read(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array>;
}

/** Sections closer than this are fetched as one: a request costs more than reading over the gap. */
const COALESCE_GAP_BYTES = 64 * 1024;

interface Range {
  readonly offset: number;
  readonly end: number;
  readonly sections: readonly Section[];
}

/**
 * Fetches sections of a dataset, those that lie close in one read, checks their CRCs and decodes their codecs.
 *
 * @param block - names the block in errors.
 * @returns raw bytes by kind, for every kind asked.
 * @throws {DataLossError} when a section is missing or damaged.
 */
export async function fetchSections(
  dataset: DatasetMeta,
  kinds: readonly SectionKind[],
  options: { reader: RangeReader; block: string },
  signal: AbortSignal,
): Promise<ReadonlyMap<SectionKind, Uint8Array>> {
  return openSections(await fetchStoredSections(dataset, kinds, options, signal), options.block);
}

/** A section as it is stored. */
export interface StoredSection {
  readonly section: Section;
  readonly stored: Uint8Array;
}

/** The reads of {@link fetchSections}: what it returns is neither checked nor decoded, and as small as it is stored. */
export async function fetchStoredSections(
  dataset: DatasetMeta,
  kinds: readonly SectionKind[],
  options: { reader: RangeReader; block: string },
  signal: AbortSignal,
): Promise<readonly StoredSection[]> {
  const sections = kinds.map((kind) => sectionOf(dataset, kind, options.block));
  const fetchRange = async ({ offset, end, sections }: Range): Promise<StoredSection[]> => {
    const bytes = await options.reader.read(offset, end - offset, signal);
    return sections.map((section) => {
      const start = section.offset - offset;
      return { section, stored: bytes.subarray(start, start + section.sizeBytes) };
    });
  };
  return (await Promise.all(coalesce(sections).map(fetchRange))).flat();
}

/** @throws {DataLossError} when the CRC of a section does not hold, or its codec. */
export function openSections(
  sections: readonly StoredSection[],
  block: string,
): ReadonlyMap<SectionKind, Uint8Array> {
  return new Map(sections.map(({ section, stored }) => [section.kind, openSection(section, stored, block)]));
}

function sectionOf(dataset: DatasetMeta, kind: SectionKind, block: string): Section {
  const section = dataset.sections.find((candidate) => candidate.kind === kind);
  if (!section) throw new DataLossError(`block: section is missing: block=${block} section=${kind}`);
  return section;
}

/** Groups sections into ranges to read. */
function coalesce(sections: readonly Section[]): Range[] {
  const ranges: Range[] = [];
  for (const section of sections.toSorted((a, b) => a.offset - b.offset)) {
    const last = ranges.at(-1);
    const end = section.offset + section.sizeBytes;
    if (last && section.offset - last.end <= COALESCE_GAP_BYTES) {
      ranges[ranges.length - 1] = {
        offset: last.offset,
        end: Math.max(last.end, end),
        sections: [...last.sections, section],
      };
    } else {
      ranges.push({ offset: section.offset, end, sections: [section] });
    }
  }
  return ranges;
}
