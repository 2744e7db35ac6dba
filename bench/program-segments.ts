import { buildSegment } from "@hearth/block";
import type { ExactColumn } from "@hearth/exact-integers";
import { encodeProfileColumns, type ProfileColumns, ProfileMerger } from "@hearth/profile";
import { seededRandom, type Random } from "@hearth/runtime";
import { goCpuProfile } from "@hearth/testing";

import { preparePprof } from "../services/distributor/src/prepare/index.ts";

export interface ProgramOptions {
  readonly service: string;
  readonly seed: number;
  /** All stack traces that it can be seen in. */
  readonly stacks: number;
  readonly pods: number;
  /** From one profile to the next, which is of the next pod; 15 seconds when absent. */
  readonly intervalMs?: number;
}

/**
 * A program that is profiled again and again: profiles take their stack traces from one pool, some of which are common
 * and most rare, so that profiles share symbols as those of one binary do.
 */
export class Program {
  readonly service: string;
  /** A profile in which all stack traces appear. */
  readonly #all: readonly ProfileColumns[];
  readonly #random: Random;
  readonly #intervalMs: number;
  #profileCount = 0;

  constructor({ service, seed, stacks, pods, intervalMs = 15_000 }: ProgramOptions) {
    this.service = service;
    this.#intervalMs = intervalMs;
    this.#random = seededRandom(seed);
    const body = goCpuProfile({ samples: stacks, seed });
    this.#all = Array.from({ length: pods }, (_, pod) => prepared(body, service, `${service}-5d8f7-${pod}`));
  }

  /** @returns encoded columns of the next profile: two sample types, `samples` stack traces. */
  profile(samples: number): Uint8Array {
    const number = this.#profileCount++;
    const { series, rows, symbols, samples: pool } = this.#all[number % this.#all.length]!;
    const chosen = this.#choose(rows.firstSample[1]!, samples);
    const counts = chosen.map(() => 1 + Math.floor(this.#random.next() * 12));
    const merger = new ProfileMerger();
    merger.add({
      series,
      symbols,
      rows: {
        ...rows,
        timeMs: rows.timeMs.map((time) => time + number * this.#intervalMs),
        profileId: Uint8Array.from([...this.#id(), ...this.#id()]),
        total: column([sum(counts), sum(counts) * 1e7]),
        firstSample: Uint32Array.of(0, samples, 2 * samples),
      },
      samples: {
        count: samples * 2,
        stacktrace: Uint32Array.from([...chosen, ...chosen], (at) => pool.stacktrace[at]!),
        value: column([...counts, ...counts.map((count) => count * 1e7)]),
        spanId: undefined,
        traceId: undefined,
      },
    });
    return encodeProfileColumns(merger.build());
  }

  #id(): Uint8Array {
    return this.#random.fill(new Uint8Array(16));
  }

  /** Distinct places in the pool, most of them near its beginning. */
  #choose(poolSize: number, count: number): number[] {
    const chosen = new Set<number>();
    while (chosen.size < count) chosen.add(Math.floor(poolSize * this.#random.next() ** 2));
    return [...chosen];
  }
}

export interface SegmentsOptions {
  readonly programs: readonly Program[];
  readonly segments: number;
  /** Of each program in each segment. */
  readonly profiles: number;
  readonly samples: number;
}

/** Segments as a writer makes them, one after another. */
export function segmentsOf({ programs, segments, profiles, samples }: SegmentsOptions): Uint8Array[] {
  return Array.from({ length: segments }, (_, index) => {
    const datasets = programs.map((program) => ({
      tenant: "anonymous",
      service: program.service,
      batches: Array.from({ length: profiles }, () => program.profile(samples)),
    }));
    const id = `01J2VJQPYDC160REPAD2VN${String(index).padStart(4, "0")}`;
    return buildSegment({ id, shard: 1, createdBy: "writer-0", datasets }).bytes;
  });
}

function prepared(body: Uint8Array, service: string, pod: string): ProfileColumns {
  const labels = { __name__: "process_cpu", service_name: service, pod, region: "eu-west-1" };
  const outcome = preparePprof({
    tenant: "anonymous",
    body,
    labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
    nowNanos: 1_795_405_220_000_000_000n,
    limits: {
      labels: { maxLabelNamesPerSeries: 30, maxLabelNameLengthBytes: 1024, maxLabelValueLengthBytes: 2048 },
      disableLabelSanitization: true,
      maxSessionsPerSeries: 0,
      maxProfileSizeBytes: 0,
      maxProfileStacktraceSamples: 0,
      maxProfileStacktraceSampleLabels: 100,
      maxProfileStacktraceDepth: 1000,
      maxProfileSymbolValueLengthBytes: 65_535,
      rejectOlderThanMs: 0,
      rejectNewerThanMs: 0,
      renameWallCpu: true,
    },
  });
  if (outcome.type === "rejected") throw new Error(outcome.message);
  return outcome.services[0]!.profile;
}

function column(values: readonly number[]): ExactColumn {
  return { low: Float64Array.from(values), high: undefined };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
