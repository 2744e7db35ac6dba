import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { defaultsOf } from "@hearth/config";
import {
  PushResponseSchema,
  type PushRequestSchema,
  type PushResponse,
} from "@hearth/proto/hearth/segmentwriter/v1";
import { decodeProfileColumns, type ProfileColumns } from "@hearth/profile";
import { seededRandom, type Clock } from "@hearth/runtime";
import { memoryLogger, MetricRegistry, type LogEvent } from "@hearth/telemetry";
import { limitsSettings, type TenantLimits } from "@hearth/tenant-limits";
import { buildPprof, type PprofSketch } from "@hearth/testing";

import { distributorSettings, type DistributorSettings } from "../../src/config.ts";
import { Aggregator } from "../../src/aggregation/aggregator.ts";
import { Deliverer } from "../../src/delivery/deliverer.ts";
import type { Route, Router, SegmentWriterClient } from "../../src/delivery/writer-client.ts";
import { distributorMetrics } from "../../src/metrics.ts";
import { ArtificialDelay } from "../../src/push/artificial-delay.ts";
import { Distributor } from "../../src/push/distributor.ts";
import type { PushedItem } from "../../src/push/pushed-item.ts";
import { prepareExport } from "../../src/worker/prepare-export.ts";
import { prepareProfiles } from "../../src/worker/prepare-profiles.ts";
import { sumProfiles } from "../../src/worker/sum-profiles.ts";
import type { Preparer } from "../../src/worker/preparer.ts";

/** 2026-03-02 10:00:00 UTC. */
export const NOW_MS = 1_772_445_600_000;
export const NOW_NANOS = BigInt(NOW_MS) * 1_000_000n;

export const { signal } = new AbortController();

/** Time that passes when a test says so; sleepers wake then, or when their signal aborts. */
export class ManualClock implements Clock {
  #elapsedMs = 0;
  #nextSleep = Promise.withResolvers<number>();
  #sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];

  advance(ms: number): void {
    this.#elapsedMs += ms;
    const due = this.#sleepers.filter(({ untilMs }) => untilMs <= this.#elapsedMs);
    this.#sleepers = this.#sleepers.filter((sleeper) => !due.includes(sleeper));
    for (const { wake } of due) wake();
  }

  /** Waits for the next that sleeps. @returns how long. */
  nextSleepMs(): Promise<number> {
    return this.#nextSleep.promise;
  }

  /** How long each sleeper still sleeps. */
  get sleepersMs(): number[] {
    return this.#sleepers.map(({ untilMs }) => untilMs - this.#elapsedMs);
  }

  nowMs = (): number => NOW_MS + this.#elapsedMs;
  nowNanos = (): bigint => NOW_NANOS + BigInt(this.#elapsedMs) * 1_000_000n;
  monotonicMs = (): number => this.#elapsedMs;

  sleep = (ms: number, abort?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const sleeper = { untilMs: this.#elapsedMs + ms, wake: resolve };
      const giveUp = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(abort?.reason as Error);
      };
      if (abort?.aborted) return giveUp();
      abort?.addEventListener("abort", giveUp, { once: true });
      this.#sleepers.push(sleeper);
      this.#nextSleep.resolve(ms);
      this.#nextSleep = Promise.withResolvers();
    });
}

export type WriterRequest = MessageInitShape<typeof PushRequestSchema>;
type Answer = (request: WriterRequest, signal: AbortSignal) => Promise<PushResponse> | PushResponse;

/** Keeps what it is sent; answers that all is stored, or whatever it is told to. */
export class FakeWriter implements SegmentWriterClient {
  readonly requests: WriterRequest[] = [];
  answer: Answer = () => create(PushResponseSchema);

  async push(request: WriterRequest, signal: AbortSignal): Promise<PushResponse> {
    this.requests.push(request);
    return this.answer(request, signal);
  }

  refuseBatches(failures: readonly { batch: number; code: number; message: string }[]): void {
    this.answer = () => create(PushResponseSchema, { failures: [...failures] });
  }

  fail(error: Error): void {
    this.answer = () => {
      throw error;
    };
  }

  /** Columns of all batches, in order. */
  get columns(): ProfileColumns[] {
    return this.requests.flatMap(({ batches = [] }) =>
      batches.map(({ columns = new Uint8Array(0) }) => decodeProfileColumns(columns)),
    );
  }

  get services(): string[] {
    return this.requests.flatMap(({ batches = [] }) => batches.map(({ serviceName = "" }) => serviceName));
  }
}

/** Services by their shard; others are in shard 1. */
export function fakeRouter(
  clients: readonly SegmentWriterClient[],
  shards: Record<string, number> = {},
): Router {
  const writers = clients.map((client, index) => ({ id: `w-${index}`, address: `w-${index}:9095`, client }));
  return { route: ({ serviceName }): Route => ({ shard: shards[serviceName] ?? 1, writers }) };
}

const inlinePreparer: Preparer = {
  prepareProfiles: async (task) => prepareProfiles(task),
  prepareExport: async (task) => prepareExport(task),
  sumProfiles: async (parts) => sumProfiles(parts),
};

export const defaultTenantLimits: TenantLimits = defaultsOf(limitsSettings);

export interface Setup {
  readonly limits?: Partial<TenantLimits>;
  readonly settings?: Partial<DistributorSettings>;
  readonly writers?: readonly FakeWriter[];
  readonly shards?: Record<string, number>;
}

export interface TestBench {
  readonly distributor: Distributor;
  readonly deliverer: Deliverer;
  readonly aggregator: Aggregator;
  readonly delay: ArtificialDelay;
  /** Ends held answers, as a server does that stops. */
  stop(): void;
  readonly writer: FakeWriter;
  readonly clock: ManualClock;
  readonly events: readonly LogEvent[];
  /** Value of one series of a metric, by the line that a scrape shows. */
  metric(series: string): Promise<number | undefined>;
}

/** A distributor that prepares on this thread and sends to fakes. */
export function testBench(setup: Setup = {}): TestBench {
  const clock = new ManualClock();
  const registry = new MetricRegistry();
  const metrics = distributorMetrics(registry);
  const { logger, events } = memoryLogger();
  const writers = setup.writers ?? [new FakeWriter()];
  const limits = { ...defaultTenantLimits, ...setup.limits };
  const settings = { ...defaultsOf(distributorSettings), ...setup.settings };
  const router = fakeRouter(writers, setup.shards);
  const deliverer = new Deliverer({ router, clock, metrics, logger, timeLimitMs: settings.pushTimeoutMs });
  const aggregator = new Aggregator({ preparer: inlinePreparer, deliverer, clock, logger, metrics });
  const distributor = new Distributor(settings, {
    aggregator,
    preparer: inlinePreparer,
    deliverer,
    limits: { limitsFor: () => limits },
    clock,
    random: seededRandom(7),
    metrics,
  });
  const stopping = new AbortController();
  const delay = new ArtificialDelay({
    limits: { limitsFor: () => limits },
    clock,
    random: seededRandom(7),
    stopping: stopping.signal,
  });
  return {
    distributor,
    delay,
    stop: () => stopping.abort(),
    deliverer,
    aggregator,
    writer: writers[0]!,
    clock,
    events,
    async metric(series) {
      const { body } = await registry.expose();
      const line = body.split("\n").find((each) => each.startsWith(`pyroscope_${series} `));
      return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
    },
  };
}

export const cpuSketch: PprofSketch = {
  sampleTypes: [["cpu", "nanoseconds"]],
  periodType: ["cpu", "nanoseconds"],
  period: 10_000_000,
  timeNanos: NOW_NANOS,
  samples: [{ stack: ["work", "main"], values: [5] }],
};

/** One profile of a service. */
export function pushedCpu(service: string, sketch: Partial<PprofSketch> = {}): PushedItem {
  return {
    id: "",
    labels: [
      { name: "__name__", value: "process_cpu" },
      { name: "service_name", value: service },
    ],
    body: buildPprof({ ...cpuSketch, ...sketch }),
  };
}

/** A profile without a name, which is refused. */
export function pushedNameless(service: string): PushedItem {
  return { ...pushedCpu(service), labels: [{ name: "service_name", value: service }] };
}
