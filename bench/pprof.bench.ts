import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

import { decodePprof, gunzipBounded } from "@hearth/pprof";
import { goCpuProfile } from "@hearth/testing";
import { bench, group } from "mitata";

/** Reading of pushed profiles: a small real one, and a generated one of the size that agents send. */
export function register(): void {
  const small = gunzipBounded(
    readFileSync(new URL("../libs/pprof/test/fixtures/go-sdk-heap-1.pb.gz", import.meta.url)),
    { maxSizeBytes: 1 << 22 },
  );
  const usual = goCpuProfile({ samples: 540, seed: 1 });
  const usualCompressed = gzipSync(usual);
  const large = goCpuProfile({ samples: 12_000, seed: 2 });

  group("pprof", () => {
    bench(`decode, ${small.length} bytes`, () => decodePprof(small));
    bench(`decode, ${usual.length} bytes`, () => decodePprof(usual));
    bench(`decode, ${large.length} bytes`, () => decodePprof(large));
    bench(`gunzip to ${usual.length} bytes`, () => gunzipBounded(usualCompressed, { maxSizeBytes: 1 << 22 }));
  });
}
