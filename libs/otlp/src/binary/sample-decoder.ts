import { bytesTag, fixedTag, numberTag, type WireReader } from "@hearth/protobuf-wire";
import type { SamplesBuilder } from "../samples-builder.ts";
import type { SampleLayout } from "./sample-layout.ts";

const TIMESTAMP_BYTES = 8;

/** Reads `Sample`, whose message ends at `end`, in the given layout. */
export function readSample(
  reader: WireReader,
  end: number,
  layout: SampleLayout,
  samples: SamplesBuilder,
): void {
  const linkTag = numberTag(layout.link);
  while (reader.position < end) {
    const tag = reader.uint32();
    if (tag === numberTag(1)) samples.stack = reader.uint32();
    else if (tag === linkTag) samples.link = reader.uint32();
    else if (tag === bytesTag(5)) samples.timestampCount += countTimestamps(reader, end);
    else readList(reader, tag, layout, end, samples);
  }
  reader.closeAt(end);
  samples.end();
}

function countTimestamps(reader: WireReader, limit: number): number {
  const end = reader.nestedEnd(limit);
  const count = (end - reader.position) / TIMESTAMP_BYTES;
  if (!Number.isInteger(count)) throw reader.malformed("a timestamp is cut off");
  reader.position = end;
  return count;
}

function readList(
  reader: WireReader,
  tag: number,
  layout: SampleLayout,
  limit: number,
  samples: SamplesBuilder,
): void {
  switch (tag) {
    case bytesTag(layout.values): {
      const end = reader.nestedEnd(limit);
      while (reader.position < end) samples.addValue(reader.exactInt64());
      return reader.closeAt(end);
    }
    case numberTag(layout.values):
      return samples.addValue(reader.exactInt64());
    case bytesTag(layout.attributes): {
      const end = reader.nestedEnd(limit);
      while (reader.position < end) readAttribute(reader, samples);
      return reader.closeAt(end);
    }
    case numberTag(layout.attributes):
      return readAttribute(reader, samples);
    case fixedTag(5):
      samples.timestampCount++;
      return reader.skip(tag, limit);
    default:
      return reader.skip(tag, limit);
  }
}

function readAttribute(reader: WireReader, samples: SamplesBuilder): void {
  reader.countListed();
  samples.addAttribute(reader.uint32());
}
