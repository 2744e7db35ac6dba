import { bytesTag, fixedTag, numberTag, type WireReader } from "@hearth/protobuf-wire";

/**
 * Releases of OTLP moved the fields of `Sample` without a new package name, so the bytes must tell:
 *
 * | | 1 | 2 | 3 | 4 | 5 |
 * | 1.8, 1.9 | stack | values | attributes | link | timestamps |
 * | since 1.10 | stack | attributes | link | values | timestamps |
 */
export interface SampleLayout {
  readonly values: number;
  readonly attributes: number;
  readonly link: number;
}

/** OTLP 1.8 and 1.9. */
const EARLIER_LAYOUT: SampleLayout = { values: 2, attributes: 3, link: 4 };
/** Since OTLP 1.10. */
const CURRENT_LAYOUT: SampleLayout = { values: 4, attributes: 2, link: 3 };

/** Where the messages of samples lie in the input. */
export interface SampleRanges {
  readonly start: Uint32Array;
  readonly end: Uint32Array;
}

/**
 * Tells the layout of a message from all its samples. Field 3 is a list in one and a number in the other, field 4 the
 * reverse; nearly always the first sample decides. Where no sample has either, a sample that has field 2 alone beside
 * its stack would have neither values nor timestamps in the current layout; and one that has timestamps too is current
 * when field 2 may be attributes: indexes above 0 that the table has.
 */
export function detectSampleLayout(
  reader: WireReader,
  { start, end }: SampleRanges,
  tables: SampleTables,
): SampleLayout {
  let mayBeCurrent = true;
  for (let i = 0; i < start.length; i++) {
    reader.position = start[i]!;
    const evidence = examineSample(reader, end[i]!, tables);
    if (evidence === "current") return CURRENT_LAYOUT;
    if (evidence === "earlier") return EARLIER_LAYOUT;
    mayBeCurrent &&= evidence === "may be current";
  }
  return mayBeCurrent ? CURRENT_LAYOUT : EARLIER_LAYOUT;
}

/** How many entries the tables have that samples point to. */
export interface SampleTables {
  readonly attributeCount: number;
  readonly linkCount: number;
}

type Evidence = "current" | "earlier" | "may be current" | "hardly current";

function examineSample(
  reader: WireReader,
  end: number,
  { attributeCount, linkCount }: SampleTables,
): Evidence {
  let hasField2 = false;
  let hasTimestamps = false;
  let mayBeAttributes = true;
  let linkOrValue = -1;
  while (reader.position < end) {
    const tag = reader.uint32();
    if (tag === bytesTag(3)) return "earlier";
    if (tag === numberTag(4)) {
      reader.varint();
      if (linkOrValue >= 0) return "current"; // Twice: a list that was not packed.
      linkOrValue = reader.high * 2 ** 32 + reader.low;
      continue;
    }
    if (tag === numberTag(3) || tag === bytesTag(4)) return "current";
    if (tag === bytesTag(2) || tag === numberTag(2)) {
      hasField2 = true;
      mayBeAttributes = areAttributes(reader, tag, end, attributeCount) && mayBeAttributes;
      continue;
    }
    hasTimestamps ||= tag === bytesTag(5) || tag === fixedTag(5);
    reader.skip(tag, end);
  }
  reader.closeAt(end);
  if (linkOrValue >= 0)
    return (!hasField2 && !hasTimestamps) || linkOrValue >= linkCount ? "current" : "earlier";
  if (!hasField2) return "may be current";
  return hasTimestamps && mayBeAttributes ? "may be current" : "hardly current";
}

function areAttributes(reader: WireReader, tag: number, limit: number, attributeCount: number): boolean {
  const isAttribute = (index: number): boolean => index > 0 && index < attributeCount;
  if (tag === numberTag(2)) return isAttribute(reader.uint32());
  const end = reader.nestedEnd(limit);
  let all = true;
  while (reader.position < end) all = isAttribute(reader.uint32()) && all;
  reader.closeAt(end);
  return all;
}
