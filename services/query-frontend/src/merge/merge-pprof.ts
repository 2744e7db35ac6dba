import { encodePprof, encodePprofJson } from "@hearth/pprof";

import { cutStacks } from "./cut-stacks.ts";
import { type GoPgo, preparedForPgo } from "./go-pgo.ts";
import type { MessageFormat } from "./message-format.ts";
import { sumProfiles } from "./profile-sum.ts";

/** What a merged profile says of itself. */
export interface PprofHeader {
  readonly sampleType: string;
  readonly sampleUnit: string;
  readonly periodType: string;
  readonly periodUnit: string;
  readonly period: bigint;
  readonly timeNanos: bigint;
}

export interface PprofOptions {
  readonly header: PprofHeader;
  /** Functions in the call tree to keep, 0 for all. Plays no part for profile-guided optimisation. */
  readonly maxNodes: number;
  readonly goPgo: GoPgo | undefined;
  readonly format: MessageFormat;
}

const EMPTY: Readonly<Record<MessageFormat, string>> = { binary: "", json: "{}" };

/**
 * Adds up the profile columns of backends and writes them as one profile (`google.v1.Profile`); an empty one when no
 * backend was asked.
 */
export function mergePprof(
  columns: readonly Uint8Array[],
  { header, maxNodes, goPgo, format }: PprofOptions,
): Uint8Array<ArrayBuffer> {
  if (columns.length === 0) return new TextEncoder().encode(EMPTY[format]);
  const whole = sumProfiles(columns);
  const sum = goPgo ? preparedForPgo(whole, goPgo) : whole;
  const encode = format === "json" ? encodePprofJson : encodePprof;
  return encode({
    ...cutStacks(sum, goPgo ? 0 : maxNodes),
    sampleType: { type: header.sampleType, unit: header.sampleUnit },
    defaultSampleType: header.sampleType,
    periodType: { type: header.periodType, unit: header.periodUnit },
    period: header.period,
    timeNanos: header.timeNanos,
    durationNanos: 0n,
  });
}
