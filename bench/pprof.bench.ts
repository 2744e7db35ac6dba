import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

import {
  decodePprof,
  encodePprof,
  encodePprofJson,
  gunzipBounded,
  type EncodePprofInput,
} from "@hearth/pprof";
import { buildProfileColumns, goCpuProfile } from "@hearth/testing";
import { bench, group } from "mitata";

/** An answer of 5,000 stacks of 30 frames. */
function answer(): EncodePprofInput {
  const stack = (sample: number): string =>
    Array.from({ length: 30 }, (_, depth) => `f${depth < 20 ? depth : (sample * 31 + depth) % 2000}`).join(
      ";",
    );
  const { symbols, samples } = buildProfileColumns([
    {
      labels: { pod: "a" },
      timeMs: 1_700_000_000_000,
      id: 1,
      samples: Array.from({ length: 5000 }, (_, i) => [stack(i), BigInt(i + 1)]),
    },
  ]);
  return {
    symbols,
    stacktraces: samples.stacktrace,
    values: samples.value,
    sampleType: { type: "cpu", unit: "nanoseconds" },
    period: 1_000_000_000n,
    timeNanos: 0n,
    durationNanos: 0n,
  };
}

/** Reading of pushed profiles: a small real one, and a generated one of the size that agents send. */
export function register(): void {
  const small = gunzipBounded(
    readFileSync(new URL("../libs/pprof/test/fixtures/go-sdk-heap-1.pb.gz", import.meta.url)),
    { maxSizeBytes: 1 << 22 },
  );
  const usual = goCpuProfile({ samples: 540, seed: 1 });
  const usualCompressed = gzipSync(usual);
  const large = goCpuProfile({ samples: 12_000, seed: 2 });

  const input = answer();

  group("pprof", () => {
    bench(`encode ${input.stacktraces.length} samples`, () => encodePprof(input));
    bench(`encode ${input.stacktraces.length} samples as JSON`, () => encodePprofJson(input));
    bench(`decode, ${small.length} bytes`, () => decodePprof(small));
    bench(`decode, ${usual.length} bytes`, () => decodePprof(usual));
    bench(`decode, ${large.length} bytes`, () => decodePprof(large));
    bench(`gunzip to ${usual.length} bytes`, () => gunzipBounded(usualCompressed, { maxSizeBytes: 1 << 22 }));
  });
}
