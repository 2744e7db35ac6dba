import { MemoryPartSink, mergeBlocks, type MergeSource, readBlockMeta } from "@hearth/block";
import { bench, group } from "mitata";

import { Program, segmentsOf } from "./program-segments.ts";

const SEGMENTS = 20;
const SERVICES = 1;
const PROFILES = 25;
const SAMPLES = 540;
const STACKS = 6000;
const PODS = 4;

const never = new AbortController().signal;

/** A job of compaction as it comes, 20 segments to a block of level 1, and a small one of the next level. */
export async function register(): Promise<void> {
  const programs = Array.from(
    { length: SERVICES },
    (_, seed) => new Program({ service: `service-${seed}`, seed, stacks: STACKS, pods: PODS }),
  );
  const segments = segmentsOf({ programs, segments: SEGMENTS, profiles: PROFILES, samples: SAMPLES });
  const merge = async (objects: readonly Uint8Array[]): Promise<Uint8Array> => {
    const sources = objects.map(sourceOf);
    const { outputs } = await mergeBlocks({ sources, openSink: () => new MemoryPartSink() }, never);
    return outputs[0]!.sink.build();
  };
  const parts = [segments.slice(0, 10), segments.slice(10)];
  const merged = await Promise.all(parts.map(merge));

  group(
    `merge, ${SERVICES} service, ${PROFILES} profiles of ${2 * SAMPLES} samples each in a segment`,
    () => {
      bench(`${SEGMENTS} segments of ${megabytes(segments)} MB`, () => merge(segments));
      bench(`${merged.length} blocks of level 1 of ${megabytes(merged)} MB`, () => merge(merged));
    },
  );
}

function sourceOf(bytes: Uint8Array): MergeSource {
  const read = async (offset: number, length: number): Promise<Uint8Array> =>
    bytes.slice(offset, offset + length);
  return { meta: readBlockMeta(bytes), reader: { read } };
}

function megabytes(objects: readonly Uint8Array[]): string {
  return (objects.reduce((sum, { length }) => sum + length, 0) / 1e6).toFixed(1);
}
