import { scheduler } from "node:timers/promises";

import { assertNever } from "@hearth/errors";
import prom from "prom-client";

import { BoundedLabel } from "./bounded-label.ts";
import { boundTenants } from "./tenant-label.ts";

/**
 * Metrics behind a small façade over prom-client: all metrics of a service are declared in one list, the types then
 * know the labels of each, and a missing label does not compile.
 *
 *     const metrics = registry.define({
 *       profilesReceived: counter("distributor_profiles_received_total", "Profiles received.", ["tenant"]),
 *       flushSeconds: histogram("segment_flush_segment_duration_seconds", "…", buckets.storeSeconds, ["shard"]),
 *     });
 *     metrics.profilesReceived.inc({ tenant });
 */

/** The labels of one series; a metric without labels takes no such argument. */
type Labels<L extends string> = [L] extends [never] ? [] : [labels: Readonly<Record<L, string>>];

export interface Counter<L extends string = never> {
  inc(...args: [...Labels<L>, by?: number]): void;
}

export interface Gauge<L extends string = never> {
  set(...args: [...Labels<L>, value: number]): void;
  inc(...args: [...Labels<L>, by?: number]): void;
  dec(...args: [...Labels<L>, by?: number]): void;
  /** Forgets one series. */
  remove(...args: Labels<L>): void;
  /** Forgets all series: for gauges that are set anew at each scrape. */
  reset(): void;
}

export interface Histogram<L extends string = never> {
  observe(...args: [...Labels<L>, value: number]): void;
}

export interface MetricSpec<M> {
  readonly type: "counter" | "gauge" | "histogram";
  /** Without the prefix. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets: readonly number[];
  /** Metrics of shared components, such as the object store's, carry no `pyroscope_`. */
  readonly unprefixed: boolean;
  /** The type of the metric; never present at run time. */
  readonly metric?: M;
}

type Metrics<S extends Specs> = { readonly [K in keyof S]: S[K] extends MetricSpec<infer M> ? M : never };
type Specs = Readonly<Record<string, MetricSpec<unknown>>>;

/** Dashboards and alerts that operators already have ask for these names. */
const METRIC_PREFIX = "pyroscope_";

/** What only grows. @param name - without `pyroscope_`, which is put in front. */
export function counter<L extends string = never>(
  name: string,
  help: string,
  labels: readonly L[] = [],
): MetricSpec<Counter<L>> {
  return { type: "counter", name, help, labels, buckets: [], unprefixed: false };
}

/** What goes up and down. @param name - without `pyroscope_`, which is put in front. */
export function gauge<L extends string = never>(
  name: string,
  help: string,
  labels: readonly L[] = [],
): MetricSpec<Gauge<L>> {
  return { type: "gauge", name, help, labels, buckets: [], unprefixed: false };
}

/** @param buckets - upper bounds, rising; see `buckets` for the ones that dashboards expect. */
export function histogram<L extends string = never>(
  name: string,
  help: string,
  buckets: readonly number[],
  labels: readonly L[] = [],
): MetricSpec<Histogram<L>> {
  return { type: "histogram", name, help, labels, buckets, unprefixed: false };
}

/** The same metric without the `pyroscope_` in front. */
export function unprefixed<M>(spec: MetricSpec<M>): MetricSpec<M> {
  return { ...spec, unprefixed: true };
}

/** What a scrape answers. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** Tenants with series of their own where nobody says otherwise. */
const DEFAULT_MAX_TENANTS = 500;

/** Some milliseconds of making text. */
const CHARACTERS_AT_ONCE = 64 * 1024;

/** A process's metrics. Made once by the composition root and handed in. */
export class MetricRegistry {
  readonly #registry = new prom.Registry();
  readonly #collectors: (() => void)[] = [];
  readonly #tenants: BoundedLabel;

  /**
   * @param settings - `maxTenants`: so many values the label `tenant` may have, in the order in which they come; others
   * are counted together as `other`. Clients name tenants: without a bound they could fill the memory with series.
   */
  constructor({ maxTenants = DEFAULT_MAX_TENANTS }: { readonly maxTenants?: number } = {}) {
    this.#tenants = new BoundedLabel(maxTenants);
  }

  /** @throws if one of the names is taken. */
  define<S extends Specs>(specs: S): Metrics<S> {
    const metrics = Object.entries(specs).map(([key, spec]) => [key, this.#make(spec)]);
    return Object.fromEntries(metrics) as Metrics<S>;
  }

  /** Calls `collect` before each scrape: the place to set gauges from state. */
  onScrape(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** Adds the usual `process_…` and `nodejs_…` metrics of the process itself. */
  collectProcessMetrics(): void {
    prom.collectDefaultMetrics({ register: this.#registry });
  }

  async expose(): Promise<Exposition> {
    for (const collect of this.#collectors) collect();
    return { contentType: this.#registry.contentType, body: await this.#render() };
  }

  /** Metric by metric, giving way to other work between them: with many tenants a scrape is megabytes of text. */
  async #render(): Promise<string> {
    const parts: string[] = [];
    let characters = 0;
    for (const { name } of this.#registry.getMetricsAsArray()) {
      const part = await this.#registry.getSingleMetricAsString(name);
      parts.push(part);
      characters += part.length;
      if (characters < CHARACTERS_AT_ONCE) continue;
      characters = 0;
      await scheduler.yield();
    }
    return `${parts.join("\n\n")}\n`;
  }

  #make(spec: MetricSpec<unknown>): unknown {
    const options = {
      name: spec.unprefixed ? spec.name : METRIC_PREFIX + spec.name,
      help: spec.help,
      labelNames: spec.labels,
      registers: [this.#registry],
    };
    const metric = makeMetric(spec, options);
    return spec.labels.includes("tenant") ? boundTenants(metric, this.#tenants) : metric;
  }
}

type MetricOptions = Readonly<Record<"name" | "help", string>> & {
  readonly labelNames: readonly string[];
  readonly registers: prom.Registry[];
};

function makeMetric(spec: MetricSpec<unknown>, options: MetricOptions): prom.Metric {
  switch (spec.type) {
    case "counter":
      return new prom.Counter(options);
    case "gauge":
      return new prom.Gauge(options);
    case "histogram":
      return new prom.Histogram({ ...options, buckets: [...spec.buckets] });
    default:
      return assertNever(spec.type);
  }
}
