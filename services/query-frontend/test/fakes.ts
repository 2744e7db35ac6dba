import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type BlockMeta, BlockMetaSchema, SectionKind } from "@hearth/proto/hearth/block/v1";
import {
  GetTenantResponseSchema,
  QueryMetadataLabelsResponseSchema,
  QueryMetadataResponseSchema,
} from "@hearth/proto/hearth/metastore/v1";
import { InvokeResponseSchema, type ReportSchema } from "@hearth/proto/hearth/query/v1";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { defaultsOf } from "@hearth/config";
import { QuerierService } from "@hearth/proto/querier/v1";
import { errorInterceptor, inProcessTransport, tenantsKey } from "@hearth/rpc";
import type { Clock } from "@hearth/runtime";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";

import { queryFrontendSettings, type QueryFrontendSettings } from "../src/config.ts";
import type { BackendClient, MetadataClient } from "../src/execute/clients.ts";
import { QueryExecutor } from "../src/execute/query-executor.ts";
import { Merger } from "../src/merge/merger.ts";
import { queryFrontendMetrics } from "../src/metrics.ts";
import type { QueryCall, QueryFrontend } from "../src/query-frontend.ts";
import { querierService } from "../src/querier-service.ts";
import type { QueryLimits } from "../src/request/query-limits.ts";

/** 2026-03-02 10:00:00 UTC; the test clock stands an hour later. */
export const START_MS = 1_772_445_600_000;
export const END_MS = START_MS + 600_000;
export const NOW_MS = START_MS + 3_600_000;

export const noLimits: QueryLimits = {
  maxQueryLengthMs: 0,
  maxQueryLookbackMs: 0,
  maxFlamegraphNodesDefault: 8192,
  maxFlamegraphNodesMax: 1_048_576,
  maxFlamegraphNodesOnSelectMergeProfile: false,
  includeStrippedProfiles: false,
};

export type Report = NonNullable<MessageInitShape<typeof ReportSchema>["report"]>;
type MetadataRequest = Parameters<MetadataClient["queryMetadata"]>[0];
type LabelsRequest = Parameters<MetadataClient["queryMetadataLabels"]>[0];
type InvokeRequest = Parameters<BackendClient["invoke"]>[0];

/** Answers what it is told, and keeps what it was asked. */
export class FakeMetastore implements MetadataClient {
  readonly queries: MetadataRequest[] = [];
  readonly labelQueries: LabelsRequest[] = [];
  /** Answers one call after another; the last stays. */
  blocks: readonly (readonly BlockMeta[])[] = [[blockMeta()]];
  labelSets: readonly Readonly<Record<string, string>>[] = [];
  tenant: MessageInitShape<typeof GetTenantResponseSchema> = {};
  failure: Error | undefined;

  async queryMetadata(request: MetadataRequest) {
    this.queries.push(request);
    if (this.failure) throw this.failure;
    const blocks = this.blocks[Math.min(this.queries.length, this.blocks.length) - 1] ?? [];
    return create(QueryMetadataResponseSchema, { blocks: [...blocks] });
  }

  async queryMetadataLabels(request: LabelsRequest) {
    this.labelQueries.push(request);
    if (this.failure) throw this.failure;
    return create(QueryMetadataLabelsResponseSchema, {
      labelSets: this.labelSets.map((set) => ({
        labels: Object.entries(set).map(([name, value]) => ({ name, value })),
      })),
    });
  }

  async getTenant() {
    if (this.failure) throw this.failure;
    return create(GetTenantResponseSchema, this.tenant);
  }
}

/** Answers each read with `answer`, by way of the wire. */
export class FakeBackend implements BackendClient {
  readonly requests: InvokeRequest[] = [];
  answer: (request: InvokeRequest, signal: AbortSignal) => Report | Promise<Report> = () => ({
    case: undefined,
  });

  async invoke(request: InvokeRequest, signal: AbortSignal) {
    this.requests.push(request);
    const report = await this.answer(request, signal);
    const response = create(InvokeResponseSchema, { reports: [{ report }], usage: { fetchedBytes: 10n } });
    return fromBinary(InvokeResponseSchema, toBinary(InvokeResponseSchema, response));
  }

  get query() {
    return this.requests[0]?.queries?.[0]?.query;
  }
}

const stoppedClock: Clock = {
  nowMs: () => NOW_MS,
  nowNanos: () => BigInt(NOW_MS) * 1_000_000n,
  monotonicMs: () => 0,
  sleep: () => Promise.resolve(),
};

export interface TestFrontend {
  readonly frontend: QueryFrontend;
  readonly metastore: FakeMetastore;
  readonly backend: FakeBackend;
  readonly metrics: MetricRegistry;
}

export function testFrontend(
  limits: Partial<QueryLimits> = {},
  overrides: Partial<QueryFrontendSettings> = {},
): TestFrontend {
  const settings = { ...defaultsOf(queryFrontendSettings), ...overrides };
  const metastore = new FakeMetastore();
  const backend = new FakeBackend();
  const registry = new MetricRegistry();
  const metrics = queryFrontendMetrics(registry);
  const frontend: QueryFrontend = {
    executor: new QueryExecutor(
      { ...settings, blockCostBytes: 1, timeoutMs: settings.queryTimeoutMs },
      { metadata: metastore, backend, metrics, logger: noopLogger },
    ),
    merger: new Merger(settings, { clock: stoppedClock, metrics }),
    metadata: metastore,
    limitsFor: () => ({ ...noLimits, ...limits }),
    clock: stoppedClock,
    settings,
  };
  return { frontend, metastore, backend, metrics: registry };
}

export function callOf(overrides: Partial<QueryCall> = {}): QueryCall {
  return {
    tenants: ["acme"],
    acceptsUtf8LabelNames: true,
    answerForm: { type: "message" },
    signal: new AbortController().signal,
    ...overrides,
  };
}

/** A block with one dataset of one tenant, 10 bytes in each section. */
export function blockMeta(overrides: MessageInitShape<typeof BlockMetaSchema> = {}): BlockMeta {
  const kinds = [
    SectionKind.SERIES,
    SectionKind.PROFILES,
    SectionKind.NAMES,
    SectionKind.TREE,
    SectionKind.SAMPLES,
    SectionKind.SYMBOLS,
  ];
  const { minTimeMs = BigInt(START_MS), maxTimeMs = BigInt(END_MS) } = overrides;
  return create(BlockMetaSchema, {
    id: "01J2VJQPYDC160REPAD2VN88XN",
    shard: 1,
    level: 1,
    minTimeMs,
    maxTimeMs,
    datasets: [
      {
        minTimeMs,
        maxTimeMs,
        seriesCount: 2,
        profileCount: 3,
        sampleCount: 4n,
        sections: kinds.map((kind) => ({ kind, sizeBytes: 10n })),
      },
    ],
    ...overrides,
  });
}

/** A client of the whole read API, for some tenants. */
export function querierClient(
  { frontend }: TestFrontend,
  tenants: readonly string[] = ["acme"],
): Client<typeof QuerierService> {
  const asTenants: Interceptor = (next) => (request) => {
    request.contextValues.set(tenantsKey, tenants);
    return next(request);
  };
  const interceptors = [errorInterceptor(noopLogger), asTenants];
  return createClient(QuerierService, inProcessTransport([querierService(frontend)], interceptors));
}

type BackendAnswer = ReturnType<TestFrontend["backend"]["answer"]>;

/** A frontend whose backend answers in two reads, so that there is something to merge. */
export function frontendOfTwoReads(first: BackendAnswer, second: BackendAnswer): TestFrontend {
  const test = testFrontend({}, { leafBytes: 1 });
  test.metastore.blocks = [[blockMeta({ id: "A", shard: 1 }), blockMeta({ id: "B", shard: 2 })]];
  test.backend.answer = ({ blocks = [] }) => (blocks[0]?.id === "A" ? first : second);
  return test;
}
