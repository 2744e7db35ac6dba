import { gzipSync } from "node:zlib";

import { Arena } from "@hearth/arena";
import { goCpuProfile } from "@hearth/testing";
import { bench, group } from "mitata";

import { preparePprof, type PrepareInput } from "../services/distributor/src/prepare/index.ts";

const timeNanos = 1_795_405_220_000_000_000n;

function inputOf(body: Uint8Array): PrepareInput {
  const labels = {
    __name__: "process_cpu",
    service_name: "orders",
    pod: "orders-5d8f7-abcde",
    region: "eu-west-1",
  };
  return {
    tenant: "anonymous",
    body,
    labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
    nowNanos: timeNanos,
    limits: {
      labels: { maxLabelNamesPerSeries: 30, maxLabelNameLengthBytes: 1024, maxLabelValueLengthBytes: 2048 },
      disableLabelSanitization: true,
      maxSessionsPerSeries: 0,
      maxProfileSizeBytes: 4 << 20,
      maxProfileStacktraceSamples: 16_000,
      maxProfileStacktraceSampleLabels: 100,
      maxProfileStacktraceDepth: 1000,
      maxProfileSymbolValueLengthBytes: 65_535,
      rejectOlderThanMs: 0,
      rejectNewerThanMs: 0,
      renameWallCpu: true,
    },
  };
}

/** What a worker thread does for one pushed profile: 540 samples, 1,840 locations, 110 KB. */
export function register(): void {
  const plain = goCpuProfile({ samples: 540, seed: 1, timeNanos });
  const compressed = gzipSync(plain);
  const arena = new Arena();
  const prepare = (body: Uint8Array): unknown => {
    arena.reset();
    return preparePprof(inputOf(body), {}, { memory: arena });
  };
  group("prepare a Go CPU profile", () => {
    bench(`compressed, ${compressed.length} bytes`, () => prepare(compressed));
    bench(`plain, ${plain.length} bytes`, () => prepare(plain));
  });
}
