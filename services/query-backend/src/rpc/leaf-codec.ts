import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { blockMetaFromWire } from "@hearth/block";
import { compileDeletion, deletionFromWire, deletionsOfBlock } from "@hearth/deletions";
import { assertNever, InvalidArgumentError } from "@hearth/errors";
import {
  InvokeResponseSchema,
  ReportSchema,
  type InvokeRequest,
  type InvokeResponse,
  type Query,
  type SampleSelector as WireSelector,
} from "@hearth/proto/hearth/query/v1";
import type {
  LeafQuery,
  LeafReport,
  LeafRequest,
  LeafUsage,
  SampleSelector,
  TimeSeries,
} from "../leaf/leaf-request.ts";
import { matcherFromWire } from "./matcher.ts";

/** @throws {InvalidArgumentError} naming the field that does not hold. */
export function leafRequestFromWire(wire: InvokeRequest): LeafRequest {
  if (wire.tenants.length === 0) throw new InvalidArgumentError("no tenant provided");
  if (wire.queries.length === 0) throw new InvalidArgumentError("no query provided");
  return {
    tenants: wire.tenants,
    startMs: Number(wire.startTimeMs),
    // Between two milliseconds: after all rows of the last one.
    endMs: Number(wire.endTimeMs) + (wire.wholeEndMs ? 0.5 : 0),
    matchers: wire.matchers.map(matcherFromWire),
    queries: wire.queries.map(queryFromWire),
    blocks: wire.blocks.map(blockMetaFromWire),
    deletions: deletionsOfBlock(
      wire.blockDeletions,
      wire.deletions.map((deletion) => compileDeletion(deletionFromWire(deletion))),
    ),
  };
}

/** @param reports - in the order of the queries. */
export function leafResponseToWire(reports: readonly LeafReport[], usage: LeafUsage): InvokeResponse {
  return create(InvokeResponseSchema, {
    reports: reports.map((report) => create(ReportSchema, reportToWire(report))),
    usage: {
      fetchedBytes: BigInt(usage.fetchedBytes),
      profileCount: BigInt(usage.profileCount),
      sampleCount: BigInt(usage.sampleCount),
    },
  });
}

function queryFromWire({ query }: Query): LeafQuery {
  switch (query.case) {
    case "labelNames":
      return { type: "labelNames" };
    case "labelValues":
      return { type: "labelValues", name: query.value.name };
    case "series":
      return { type: "series", labelNames: query.value.labelNames };
    case "timeSeries":
      if (query.value.stepMs < 1n) throw new InvalidArgumentError("step must be at least 1 ms");
      return {
        type: "timeSeries",
        originMs: Number(query.value.originMs),
        stepMs: Number(query.value.stepMs),
        groupBy: query.value.groupBy,
        callSite: query.value.callSite,
        exemplars: query.value.exemplars,
      };
    case "tree":
      return { type: "tree", selector: selectorFromWire(query.value.selector) };
    case "pprof":
      return { type: "pprof", selector: selectorFromWire(query.value.selector) };
    case undefined:
    default:
      throw new InvalidArgumentError("query without a type, or of a type that this version does not know");
  }
}

function selectorFromWire(wire: WireSelector | undefined): SampleSelector {
  return {
    spanIds: checkIds("span id", wire?.spanIds ?? [], 8),
    traceIds: checkIds("trace id", wire?.traceIds ?? [], 16),
    profileIds: checkIds("profile id", wire?.profileIds ?? [], 16),
    callSite: wire?.callSite ?? [],
  };
}

function checkIds(name: string, ids: readonly Uint8Array[], size: number): readonly Uint8Array[] {
  const bad = ids.find((id) => id.length !== size);
  if (bad) throw new InvalidArgumentError(`${name} of ${bad.length} bytes: expected ${size}`);
  return ids;
}

function reportToWire(report: LeafReport): MessageInitShape<typeof ReportSchema> {
  switch (report.type) {
    case "labelNames":
      return {
        report: { case: "labelNames", value: { names: [...report.names], byBlock: [...report.byBlock] } },
      };
    case "labelValues":
      return {
        report: { case: "labelValues", value: { values: [...report.values], byBlock: [...report.byBlock] } },
      };
    case "series":
      return {
        report: {
          case: "series",
          value: { labelSets: report.labelSets.map((set) => ({ labels: [...set] })) },
        },
      };
    case "timeSeries":
      return { report: { case: "timeSeries", value: { series: report.series.map(timeSeriesToWire) } } };
    case "tree":
      return { report: { case: "tree", value: { tree: report.tree } } };
    case "pprof":
      return { report: { case: "pprof", value: { columns: report.columns } } };
    default:
      return assertNever(report);
  }
}

function timeSeriesToWire(series: TimeSeries) {
  return {
    labels: [...series.labels],
    bucket: series.buckets.map(BigInt),
    sum: [...series.sums],
    count: series.counts.map(BigInt),
    exemplars: series.exemplars.map((exemplar) => ({
      bucket: BigInt(exemplar.bucket),
      timeMs: BigInt(exemplar.timeMs),
      profileId: exemplar.profileId,
      value: exemplar.value,
      labels: [...exemplar.labels],
    })),
  };
}
