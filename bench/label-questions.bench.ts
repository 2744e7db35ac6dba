import { create } from "@bufbuild/protobuf";
import { type BlockMeta, SectionCodec, SectionKind } from "@hearth/proto/hearth/block/v1";
import { QueryMetadataResponseSchema } from "@hearth/proto/hearth/metastore/v1";
import { InvokeResponseSchema } from "@hearth/proto/hearth/query/v1";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";
import { bench, group } from "mitata";

import { LABEL_SECTIONS } from "../services/query-frontend/src/execute/planned-blocks.ts";
import { QueryExecutor } from "../services/query-frontend/src/execute/query-executor.ts";
import { queryFrontendMetrics } from "../services/query-frontend/src/metrics.ts";
import { BlockSender } from "../services/query-backend/src/worker/block-exchange.ts";

const { signal } = new AbortController();
const BLOCKS = 280;
const DATASETS = 5;
const PODS = Array.from({ length: 20 }, (_, i) => `pod-${i}`);
const metrics = queryFrontendMetrics(new MetricRegistry());
const { SERIES, PROFILES, NAMES, TREE, SAMPLES, SYMBOLS } = SectionKind;

/** What the frontend and the main thread of a backend do for a question about labels, without sockets and threads. */
export function register(): void {
  const kept = Array.from({ length: BLOCKS }, (_, n) => blockMeta(n));
  const same = (): BlockMeta[] => kept;
  // As they come from another process.
  const copies = (): BlockMeta[] => kept.map((block) => ({ ...block }));
  group(`values of a label, ${BLOCKS} blocks of ${DATASETS} datasets`, () => {
    const again = executor(same);
    bench("asked before", () => ask(again));
    const remote = executor(copies);
    bench("asked before, metastore in another process", () => ask(remote));
    bench("asked for the first time", () => ask(executor(same)));
  });
  group(`blocks named to a thread, ${BLOCKS} blocks of ${DATASETS} datasets`, () => {
    const sender = new BlockSender(1_000_000);
    bench("known messages", () => sender.pack(same()));
    bench("known blocks in new messages", () => sender.pack(copies()));
  });
}

function ask(asked: QueryExecutor): Promise<string[]> {
  const range = { startMs: 0, endMs: 86_400_000 };
  const scope = { tenants: ["acme"], range, matchers: [], sections: LABEL_SECTIONS };
  return asked.labels(scope, { case: "labelValues", value: { name: "pod" } }, signal);
}

function executor(blocks: () => BlockMeta[]): QueryExecutor {
  const metadata = {
    queryMetadata: () => Promise.resolve(create(QueryMetadataResponseSchema, { blocks: blocks() })),
    queryMetadataLabels: neverAsked,
    getTenant: neverAsked,
  };
  const backend = {
    invoke: ({ blocks: read = [] }: { blocks?: readonly unknown[] }) => {
      const byBlock = read.flatMap(() => [PODS.length, ...PODS.keys()]);
      const report = { case: "labelValues" as const, value: { values: PODS, byBlock } };
      return Promise.resolve(create(InvokeResponseSchema, { reports: [{ report }] }));
    },
  };
  return new QueryExecutor(
    {
      leafBytes: 64 * 2 ** 20,
      blockCostBytes: 2 ** 20,
      maxLeaves: 256,
      maxReadBytes: 0,
      maxConcurrentReads: 32,
      timeoutMs: 30_000,
    },
    { metadata, backend, metrics, logger: noopLogger },
  );
}

function neverAsked(): Promise<never> {
  return Promise.reject(new Error("label questions do not ask this"));
}

function blockMeta(number: number): BlockMeta {
  const datasets = Array.from({ length: DATASETS }, (_, n) => ({
    $typeName: "hearth.block.v1.Dataset" as const,
    tenant: 1,
    name: 2 + n,
    minTimeMs: 1_767_225_600_000n,
    maxTimeMs: 1_767_225_601_000n,
    offset: BigInt(n * 40_000),
    sizeBytes: 40_000n,
    sections: [SERIES, PROFILES, NAMES, TREE, SAMPLES, SYMBOLS].map((kind, at) => ({
      $typeName: "hearth.block.v1.Section" as const,
      kind,
      offset: BigInt(n * 40_000 + at * 6_000),
      sizeBytes: 6_000n,
      rawSizeBytes: 9_000n,
      crc: 0xdeadbeef,
      codec: SectionCodec.ZSTD,
    })),
    optionalSections: [],
    labels: [2, 0, 1, 2, 3],
    seriesCount: 4,
    profileCount: 100,
    sampleCount: 5_000n,
  }));
  return {
    $typeName: "hearth.block.v1.BlockMeta",
    formatVersion: 1,
    id: `01J2VJQPYDC160REPAD2V${String(number).padStart(5, "0")}`,
    tenant: 0,
    shard: 1 + (number % 4),
    level: 0,
    minTimeMs: 1_767_225_600_000n,
    maxTimeMs: 1_767_225_601_000n,
    createdBy: 0,
    sizeBytes: 200_000n,
    datasets,
    stringTable: ["", "acme", "a", "b", "c", "d", "e"],
  };
}
