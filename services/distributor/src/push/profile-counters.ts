import { labelValue, type Label } from "@hearth/labels";
import { BoundedLabel } from "@hearth/telemetry";
import type { DistributorMetrics } from "../metrics.ts";
import type { EncodedService } from "../worker/encoded-service.ts";
import { UsageCounters } from "../usage/usage-counters.ts";
import type { UsageVerdict } from "../usage/judge-series.ts";
import type { JudgedProfile } from "../worker/judge-export.ts";
import type { EncodedProfile } from "../worker/prepare-profiles.ts";

/** Distinct values of a label that clients choose. */
const MAX_LABEL_VALUES = 100;

/** Counts what comes and what is refused. Names that clients choose are bounded before they become labels of metrics. */
export class ProfileCounters {
  readonly #metrics: DistributorMetrics;
  readonly #usage: UsageCounters;
  readonly #types = new BoundedLabel(MAX_LABEL_VALUES);
  readonly #scopeNames = new BoundedLabel(MAX_LABEL_VALUES);
  readonly #scopeVersions = new BoundedLabel(MAX_LABEL_VALUES);

  constructor(metrics: DistributorMetrics) {
    this.#metrics = metrics;
    this.#usage = new UsageCounters(metrics);
  }

  request(tenant: string, profileCount: number): void {
    this.#metrics.pushBatchSeries.observe({ tenant }, profileCount);
  }

  /** @param reason - `reason` of the counters of discarded profiles. */
  discarded(reason: string, tenant: string, what: { profiles: number; bytes: number }): void {
    this.#metrics.discardedSamples.inc({ reason, tenant }, what.profiles);
    this.#metrics.discardedBytes.inc({ reason, tenant }, what.bytes);
  }

  /** One profile, whose usage groups count it, too. */
  discardedProfile(reason: string, tenant: string, bytes: number, usage: UsageVerdict | undefined): void {
    this.discarded(reason, tenant, { profiles: 1, bytes });
    this.#usage.discarded(usage?.groups ?? [], { reason, tenant }, bytes);
  }

  /** @param pushed - `elapsedSeconds` is the profile's share of the time that its request took. */
  prepared(
    tenant: string,
    { counts, services, usage }: EncodedProfile,
    pushed: { labels: readonly Label[]; sizeBytes: number; elapsedSeconds: number },
  ): void {
    const metrics = this.#metrics;
    const type = { type: this.#types.of(counts.profileName), tenant };
    metrics.receivedCompressedBytes.observe(type, pushed.sizeBytes);
    metrics.receivedDecompressedBytes.observe(type, counts.decompressedSizeBytes);
    this.#byStage(tenant, counts.decompressedSizeBytes, services);
    this.#usage.received(usage?.groups ?? [], type, counts.decompressedSizeBytes);
    if (usage === undefined || usage.fate === "keep")
      metrics.decompressedBytesByStage.observe({ tenant, stage: "sampled" }, counts.decompressedSizeBytes);
    if (usage?.fate === "drop" || usage?.fate === "strip")
      this.discardedProfile("dropped_by_sampling_rules", tenant, counts.decompressedSizeBytes, usage);
    metrics.receivedSamples.observe(type, counts.receivedSamples);
    metrics.parseSeconds.observe(type, pushed.elapsedSeconds);
    metrics.profilesReceived.inc({ tenant, ...this.#scopeOf(pushed.labels) });
    if (counts.numericLabels > 0) metrics.numericLabels.inc({ tenant }, counts.numericLabels);
    if (counts.relabelDroppedSamples > 0 && services.length === 0) {
      this.discardedProfile("dropped_by_relabel_rules", tenant, counts.decompressedSizeBytes, usage);
    }
  }

  /** An export of OpenTelemetry profiles, all of which share the bytes. */
  exported(
    tenant: string,
    received: {
      profiles: number;
      samples: number;
      sizeBytes: number;
      decompressedSizeBytes: number;
      services: readonly EncodedService[];
    },
    elapsedSeconds: number,
  ): void {
    const metrics = this.#metrics;
    const type = { type: "otlp", tenant };
    metrics.receivedCompressedBytes.observe(type, received.sizeBytes);
    metrics.receivedDecompressedBytes.observe(type, received.decompressedSizeBytes);
    this.#byStage(tenant, received.decompressedSizeBytes, received.services);
    metrics.receivedSamples.observe(type, received.samples);
    metrics.parseSeconds.observe(type, elapsedSeconds);
    metrics.profilesReceived.inc({ tenant, scope_name: "otlp", scope_version: "" }, received.profiles);
  }

  /**
   * What the usage groups of an export's tenant made of it. Its profiles share one dictionary, so each is given a share
   * of the bytes by its samples.
   */
  judged(tenant: string, judged: readonly JudgedProfile[], decompressedSizeBytes: number): void {
    if (judged.length === 0) this.#usage.received([], { type: "otlp", tenant }, decompressedSizeBytes);
    const samples = judged.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
    for (const { profileName, sampleCount, verdict } of judged) {
      const bytes = samples === 0 ? 0 : Math.round((decompressedSizeBytes * sampleCount) / samples);
      this.#usage.received(verdict.groups, { type: this.#types.of(profileName), tenant }, bytes);
      if (verdict.fate === "drop" || verdict.fate === "strip")
        this.discardedProfile("dropped_by_sampling_rules", tenant, bytes, verdict);
      if (verdict.fate === "refuse") this.discardedProfile("ingest_limit_reached", tenant, bytes, verdict);
    }
  }

  /** Services of an export that are not stored. How many profiles they are of is no longer known: each row counts. */
  refusedServices(reason: string, tenant: string, services: readonly EncodedService[]): void {
    for (const { rowCount, columns } of services)
      this.discarded(reason, tenant, { profiles: rowCount, bytes: columns.length });
  }

  #byStage(tenant: string, receivedBytes: number, services: readonly EncodedService[]): void {
    const { decompressedBytesByStage } = this.#metrics;
    decompressedBytesByStage.observe({ tenant, stage: "received" }, receivedBytes);
    if (services.length === 0) return;
    const sentBytes = services.reduce((sum, { columns }) => sum + columns.length, 0);
    decompressedBytesByStage.observe({ tenant, stage: "normalized" }, sentBytes);
  }

  #scopeOf(labels: readonly Label[]): { scope_name: string; scope_version: string } {
    return {
      scope_name: this.#scopeNames.of(labelValue(labels, "otel.scope.name")),
      scope_version: this.#scopeVersions.of(labelValue(labels, "otel.scope.version")),
    };
  }
}
