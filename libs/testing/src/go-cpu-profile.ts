import { seededRandom, type Random } from "@hearth/runtime";

import { buildPprof, type FrameSketch, type SampleSketch } from "./pprof-builder.ts";

export interface GoCpuProfileOptions {
  readonly samples: number;
  readonly seed: number;
  readonly timeNanos?: bigint;
}

/** How many of the locations a sample brings with it are new. */
const NEW_FRAMES_PER_SAMPLE = 3.4;
const PERIOD_NANOS = 10_000_000;
const packages = [
  "runtime",
  "net/http",
  "encoding/json",
  "database/sql",
  "github.com/acme/orders/internal/pricing",
];

/**
 * A CPU profile like those of Go programs: two sample types, stacks of 8 to 40 frames that share their roots, names
 * and files of usual lengths. 540 samples give about 1,830 locations and 110 KB.
 */
export function goCpuProfile({
  samples,
  seed,
  timeNanos = 1_795_405_220_000_000_000n,
}: GoCpuProfileOptions): Uint8Array {
  const random = seededRandom(seed);
  return buildPprof({
    sampleTypes: [
      ["samples", "count"],
      ["cpu", "nanoseconds"],
    ],
    samples: growStacks(random, samples).map((stack) => sampleOf(stack, random)),
    periodType: ["cpu", "nanoseconds"],
    period: PERIOD_NANOS,
    timeNanos,
    durationNanos: 15_000_000_000,
    mapping: { filename: "/usr/local/bin/orders", buildId: "4f5a8d2c9b1e", hasFunctions: true },
  });
}

function sampleOf(stack: readonly FrameSketch[], random: Random): SampleSketch {
  const count = 1 + below(random, 12);
  return { stack, values: [count, count * PERIOD_NANOS] };
}

/** Each stack leaves one of those before near its leaf and goes on with frames of its own. */
function growStacks(random: Random, count: number): FrameSketch[][] {
  const stacks: FrameSketch[][] = [];
  let frameCount = 0;
  const newFrames = (length: number): FrameSketch[] =>
    Array.from({ length }, () => frame(random, frameCount++));
  const trunk = newFrames(8);
  for (let index = 0; index < count; index++) {
    const before = stacks[below(random, stacks.length)] ?? trunk;
    const shared = before.slice(-Math.max(trunk.length, Math.min(before.length, 36) - below(random, 3)));
    const isSpent = frameCount > index * NEW_FRAMES_PER_SAMPLE;
    stacks.push([...newFrames(isSpent ? 1 : 1 + below(random, 12)), ...shared]);
  }
  return stacks;
}

/** Two of three locations are of a function that another location has too. */
function frame(random: Random, index: number): FrameSketch {
  const number = 3 * Math.floor((index % 3 === 0 ? index : below(random, index)) / 3);
  const pack = packages[number % packages.length]!;
  return {
    name: `${pack}.(*Handler${number}).Serve`,
    file: `/usr/src/${pack}/part${number % 211}.go`,
    line: 10 + (index % 900),
    address: 0x40_00_00 + index * 37,
  };
}

function below(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}
