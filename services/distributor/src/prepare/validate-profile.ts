import { isAscii, isUtf8 } from "node:buffer";

import { formatLabels, type Labels } from "@hearth/labels";

import type { PrepareLimits } from "./prepare-input.ts";
import { ProfileRejectedError } from "./rejection.ts";
import type { WorkingProfile } from "./working-profile.ts";

const NANOS_PER_MS = 1_000_000n;

/**
 * Checks the limits that a profile has to keep, before anything else is done to it.
 *
 * @param labels - sorted, for messages.
 * @throws {ProfileRejectedError} naming the limit, what came and what may.
 */
export function checkLimits(profile: WorkingProfile, labels: Labels, limits: PrepareLimits): void {
  const { samples } = profile.pprof;
  const { maxProfileStacktraceSamples, maxProfileStacktraceSampleLabels } = limits;
  if (maxProfileStacktraceSamples > 0 && samples.count > maxProfileStacktraceSamples) {
    throw new ProfileRejectedError(
      "samples_limit",
      `the profile with labels '${formatLabels(labels)}' exceeds the samples count limit ` +
        `(max_profile_stacktrace_samples, actual: ${samples.count}, limit: ${maxProfileStacktraceSamples})`,
    );
  }
  const labelCount = greatestLength(samples.labelEnd);
  if (maxProfileStacktraceSampleLabels > 0 && labelCount > maxProfileStacktraceSampleLabels) {
    throw new ProfileRejectedError(
      "sample_labels_limit",
      `the profile with labels '${formatLabels(labels)}' exceeds the sample labels limit ` +
        `(max_profile_stacktrace_sample_labels, actual: ${labelCount}, limit: ${maxProfileStacktraceSampleLabels})`,
    );
  }
}

/** The profile itself is larger than its tenant may send. */
export function profileTooLarge(labels: Labels, limits: PrepareLimits): ProfileRejectedError {
  return new ProfileRejectedError(
    "profile_size_limit",
    `the profile with labels '${formatLabels(labels)}' exceeds the uncompressed size limit ` +
      `(max_profile_size_bytes, limit: ${limits.maxProfileSizeBytes})`,
  );
}

export interface TimeWindow {
  readonly nowNanos: bigint;
  readonly rejectOlderThanMs: number;
  readonly rejectNewerThanMs: number;
}

/**
 * The time of a profile, which must lie strictly within the tenant's window around now. One that says none happened now.
 *
 * @throws {ProfileRejectedError} when it lies outside.
 */
export function checkTime(timeNanos: bigint, labels: Labels, window: TimeWindow): bigint {
  if (timeNanos <= 0n) return window.nowNanos;
  const isTooOld =
    window.rejectOlderThanMs > 0 &&
    timeNanos <= window.nowNanos - BigInt(window.rejectOlderThanMs) * NANOS_PER_MS;
  const isTooNew =
    window.rejectNewerThanMs > 0 &&
    timeNanos >= window.nowNanos + BigInt(window.rejectNewerThanMs) * NANOS_PER_MS;
  if (!isTooOld && !isTooNew) return timeNanos;
  const limit = isTooOld
    ? `the ingestion window starts ${window.rejectOlderThanMs / 1000}s ago (reject_older_than)`
    : `the ingestion window ends ${window.rejectNewerThanMs / 1000}s from now (reject_newer_than)`;
  throw new ProfileRejectedError(
    "not_in_ingestion_window",
    `profile with labels '${formatLabels(labels)}' is outside of ingestion window ` +
      `(profile timestamp: ${new Date(Number(timeNanos / NANOS_PER_MS)).toISOString()}, ${limit})`,
  );
}

/**
 * Checks that the profile is whole: every index within its table, as many values as sample types, texts in UTF-8. Ids
 * that no entry has are not wrong here: what refers to them is left out later.
 *
 * @throws {ProfileRejectedError} naming the field.
 */
export function checkForm(profile: WorkingProfile): void {
  const { locations, functions } = profile.pprof;
  if (locations.hasZeroId) throw malformed("location id is 0");
  if (functions.hasZeroId) throw malformed("function id is 0");
  checkValueCounts(profile);
  checkStringIndexes(profile);
  checkSampleTypeNames(profile);
  checkUtf8(profile);
}

function checkValueCounts({ pprof: { samples, sampleTypes } }: WorkingProfile): void {
  for (let sample = 0; sample < samples.count; sample++) {
    if (samples.valueEnd[sample] !== (sample + 1) * sampleTypes.length)
      throw malformed("sample value length mismatch");
  }
}

function checkStringIndexes(profile: WorkingProfile): void {
  const { sampleTypes, labels, functions, mappings, periodType, comments, ...fields } = profile.pprof;
  const count = profile.stringCount;
  if (count === 0 || profile.stringStart[0] !== profile.stringEnd[0])
    throw malformed("string 0 should be empty string");
  for (const { type, unit } of sampleTypes) {
    checkBelow("sample type type", [type], count);
    checkBelow("sample type unit", [unit], count);
  }
  checkBelow("sample label", labels.key, count);
  checkBelow("sample label", labels.text, count);
  checkBelow("sample label unit", labels.numberUnit, count);
  checkBelow("function name", functions.name, count);
  checkBelow("function system name", functions.systemName, count);
  checkBelow("function file name", functions.filename, count);
  checkBelow("mapping file name", mappings.filename, count);
  checkBelow("mapping build id", mappings.buildId, count);
  if (periodType !== undefined) checkBelow("period type", [periodType.type, periodType.unit], count);
  checkBelow("comment", comments, count);
  checkBelow("default sample type", [fields.defaultSampleType], count);
  checkBelow("drop frames", [fields.dropFrames], count);
  checkBelow("keep frames", [fields.keepFrames], count);
}

function checkBelow(field: string, indexes: ArrayLike<number>, count: number): void {
  for (let i = 0; i < indexes.length; i++) {
    if (indexes[i]! >= count) throw malformed(`${field} string index out of range`);
  }
}

function checkSampleTypeNames(profile: WorkingProfile): void {
  for (const { type } of profile.pprof.sampleTypes) {
    if (profile.text(type).includes("-")) throw malformed("sample type contains -");
  }
}

/** Nearly all strings are ASCII: all are looked at together first, then each, and closely only those that are not. */
function checkUtf8(profile: WorkingProfile): void {
  const { bytes, stringStart, stringEnd, stringCount } = profile;
  const { first, end: last } = profile.stringBounds();
  if (isAscii(bytes.subarray(first, last))) return;
  for (let index = 0; index < stringCount; index++) {
    const end = stringEnd[index]!;
    let bits = 0;
    for (let position = stringStart[index]!; position < end; position++) bits |= bytes[position]!;
    if (bits < 0x80) continue;
    const text = bytes.subarray(stringStart[index], end);
    if (!isUtf8(text)) throw malformed(`invalid utf8 string hex: ${Buffer.from(text).toString("hex")}`);
  }
}

function greatestLength(ends: Uint32Array): number {
  let greatest = 0;
  let start = 0;
  for (const end of ends) {
    greatest = Math.max(greatest, end - start);
    start = end;
  }
  return greatest;
}

/** The profile itself is wrong, whatever its tenant allows. */
export function malformed(message: string): ProfileRejectedError {
  return new ProfileRejectedError("malformed_profile", message);
}
