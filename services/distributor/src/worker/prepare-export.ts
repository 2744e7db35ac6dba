import { Arena } from "@hearth/arena";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { assertNever, InvalidArgumentError } from "@hearth/errors";
import {
  buildServices,
  convertOtlpExport,
  decodeOtlpExport,
  decodeOtlpExportJson,
  type ConvertedExport,
  type ConvertedProfile,
  type ConvertLimits,
  type ProfileRejection,
  type ServiceColumns,
} from "@hearth/otlp";
import type { Labels } from "@hearth/labels";
import { withOwnSymbols } from "../prepare/own-symbols.ts";
import type { PrepareLimits, Relabel } from "../prepare/index.ts";
import { ProfileRejectedError } from "../prepare/rejection.ts";
import { checkLabels } from "../prepare/split-samples.ts";
import { checkTime } from "../prepare/validate-profile.ts";
import { encodeServices, type EncodedService } from "./encoded-service.ts";
import { judgeExport, type JudgedProfile } from "./judge-export.ts";
import { relabelingOf, type RelabelConfig } from "./relabeling.ts";
import { judgeOf, type UsageTask } from "./usage-judge.ts";

/** An export of OpenTelemetry profiles of one tenant. */
export interface ExportTask {
  readonly tenant: string;
  readonly body: Uint8Array;
  readonly encoding: "protobuf" | "json";
  readonly compression: ExportCompression;
  /** Of the body, decompressed. */
  readonly maxSizeBytes: number;
  readonly nowNanos: bigint;
  readonly limits: PrepareLimits;
  readonly relabel: RelabelConfig;
  /** Absent when the tenant has no rules about usage groups. */
  readonly usage?: UsageTask | undefined;
}

export type ExportCompression = "identity" | "gzip" | "zstd";

export interface EncodedExport {
  readonly services: readonly EncodedService[];
  readonly rejections: readonly ProfileRejection[];
  readonly receivedProfiles: number;
  readonly receivedSamples: number;
  readonly relabelDroppedSamples: number;
  readonly decompressedSizeBytes: number;
  /** By the tenant's rules about usage groups; nothing when it has none. */
  readonly judged: readonly JudgedProfile[];
}

/**
 * Decodes an export and makes rows of it. Profiles that break a rule are rejected by themselves.
 *
 * @param arena - the thread's own. What is returned does not lie in it.
 * @throws {InvalidArgumentError} when the body is no export at all, or is larger than allowed.
 */
export function prepareExport(task: ExportTask, arena: Arena = new Arena()): EncodedExport {
  const payload = decompress(task);
  const exported = task.encoding === "json" ? decodeOtlpExportJson(payload) : decodeOtlpExport(payload);
  const converted = convertOtlpExport(exported, {
    nowNanos: task.nowNanos,
    limits: convertLimits(task.limits),
    prepareLabels: (labels) => prepareLabels(labels, task.limits, relabelingOf(task.relabel).series),
  });
  const { profiles, rejections } = withinWindow(converted, task);
  const usage = task.usage ? judgeExport(profiles, judgeOf(task.usage)) : { profiles, judged: [] };
  const services = buildServices(
    { profiles: usage.profiles, symbols: converted.symbols },
    { tenant: task.tenant, rules: { renameWallCpu: task.limits.renameWallCpu } },
  );
  return {
    services: encodeEach(services, arena),
    rejections,
    receivedProfiles: converted.counts.receivedProfiles,
    receivedSamples: converted.counts.receivedSamples,
    relabelDroppedSamples: converted.counts.relabelDroppedSamples,
    decompressedSizeBytes: payload.length,
    judged: usage.judged,
  };
}

/** Services share the symbols of the export, of which each is given those that it uses. */
function encodeEach(services: readonly ServiceColumns[], arena: Arena): EncodedService[] {
  return services.flatMap(({ serviceName, profile }) => {
    arena.reset();
    return encodeServices([{ serviceName, profile: withOwnSymbols(profile, arena) }]);
  });
}

function decompress({ body, compression, maxSizeBytes }: ExportTask): Uint8Array {
  const options = maxSizeBytes > 0 ? { maxOutputLength: maxSizeBytes } : {};
  try {
    switch (compression) {
      case "identity":
        return body;
      case "gzip":
        return gunzipSync(body, options);
      case "zstd":
        return zstdDecompressSync(body, options);
      default:
        return assertNever(compression);
    }
  } catch (error) {
    throw new InvalidArgumentError(
      `body is not ${compression}, or too large after decompression: limit_bytes=${maxSizeBytes}`,
      { cause: error },
    );
  }
}

function convertLimits(limits: PrepareLimits): ConvertLimits {
  return {
    maxSamplesPerProfile: limits.maxProfileStacktraceSamples,
    maxAttributesPerSample: limits.maxProfileStacktraceSampleLabels,
    maxStacktraceDepth: limits.maxProfileStacktraceDepth,
    maxSymbolValueLengthBytes: limits.maxProfileSymbolValueLengthBytes,
    maxLabelNamesPerSeries: limits.labels.maxLabelNamesPerSeries,
  };
}

/** The tenant's rules on a label set: relabelled, then checked. */
function prepareLabels(
  labels: Labels,
  limits: PrepareLimits,
  relabel: Relabel | undefined,
): Labels | undefined | { reason: string; message: string } {
  const relabeled = relabel === undefined ? labels : relabel(labels);
  if (relabeled === undefined || relabeled.length === 0) return undefined;
  return refusalOr(() => checkLabels(relabeled, limits));
}

/** Moves profiles from outside of the tenant's window to the rejections. */
function withinWindow(
  { profiles, rejections }: ConvertedExport,
  { limits, nowNanos }: ExportTask,
): { profiles: readonly ConvertedProfile[]; rejections: readonly ProfileRejection[] } {
  const kept: ConvertedProfile[] = [];
  const refused: ProfileRejection[] = [];
  for (const profile of profiles) {
    const time = refusalOr(() =>
      checkTime(profile.head.timeNanos, profile.labels, {
        nowNanos,
        rejectOlderThanMs: limits.rejectOlderThanMs,
        rejectNewerThanMs: limits.rejectNewerThanMs,
      }),
    );
    if (typeof time === "bigint") kept.push(profile);
    else refused.push({ index: profile.index, ...time });
  }
  const all = [...rejections, ...refused].sort((a, b) => a.index - b.index);
  return { profiles: kept, rejections: all };
}

function refusalOr<T>(check: () => T): T | { reason: string; message: string } {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof ProfileRejectedError)) throw error;
    return { reason: error.reason, message: error.message };
  }
}
