import { MemoryPartSink, mergeBlocks, type MergeSource, readBlockMeta } from "@hearth/block";
import { bench, group } from "mitata";

import { Program, segmentsOf } from "./program-segments.ts";

const SEGMENTS = 20;
const PODS = 4;

interface Shape {
  readonly services: number;
  /** Stack traces that a program can be seen in. */
  readonly stacks: number;
  /** Of each service in a segment, and stack traces in each. */
  readonly profiles: number;
  readonly samples: number;
}

const SHAPES: readonly Shape[] = [
  // Large profiles of one service: what is in a segment is most of the program.
  { services: 1, stacks: 6000, profiles: 25, samples: 540 },
  // A fleet: some small profiles of each of several services.
  { services: 5, stacks: 3000, profiles: 8, samples: 215 },
];

const never = new AbortController().signal;

/** A job of compaction as it comes, 20 segments to a block of level 1, and a small one of the next level. */
export async function register(): Promise<void> {
  for (const shape of SHAPES) await registerShape(shape);
}

async function registerShape({ services, stacks, profiles, samples }: Shape): Promise<void> {
  const programs = Array.from(
    { length: services },
    (_, seed) => new Program({ service: `service-${seed}`, seed, stacks, pods: PODS }),
  );
  const segments = segmentsOf({ programs, segments: SEGMENTS, profiles, samples });
  const merge = async (objects: readonly Uint8Array[]): Promise<Uint8Array> => {
    const sources = objects.map(sourceOf);
    const { outputs } = await mergeBlocks({ sources, openSink: () => new MemoryPartSink() }, never);
    return outputs[0]!.sink.build();
  };
  const parts = [segments.slice(0, 10), segments.slice(10)];
  const merged = await Promise.all(parts.map(merge));
  const of = `${services} service(s), each with ${profiles} profiles of ${2 * samples} samples in a segment`;

  group(`merge, ${of}`, () => {
    bench(`${SEGMENTS} segments of ${megabytes(segments)} MB`, () => merge(segments));
    bench(`${merged.length} blocks of level 1 of ${megabytes(merged)} MB`, () => merge(merged));
  });
}

function sourceOf(bytes: Uint8Array): MergeSource {
  const read = async (offset: number, length: number): Promise<Uint8Array> =>
    bytes.slice(offset, offset + length);
  return { meta: readBlockMeta(bytes), reader: { read } };
}

function megabytes(objects: readonly Uint8Array[]): string {
  return (objects.reduce((sum, { length }) => sum + length, 0) / 1e6).toFixed(1);
}
