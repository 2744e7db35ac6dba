import { heap, type Memory } from "@hearth/arena";
import { InvalidArgumentError } from "@hearth/errors";
import { labelValue, reduceSessionId, sortLabels, withLabels, type Labels } from "@hearth/labels";
import { decodePprof, gunzipBounded, ProfileTooLargeError, type PprofProfile } from "@hearth/pprof";
import { profileIdOf, type ProfileHead } from "@hearth/profile";

import { SAMPLED_LABEL, type SeriesJudge, type UsageVerdict } from "../usage/judge-series.ts";
import { buildServices } from "./build-services.ts";
import { detectLanguage } from "./detect-language.ts";
import { removeGoShapes } from "./go-shapes.ts";
import { repairGoStacks } from "./go-stack-repair.ts";
import { applyIngestHints, isDotnet, timeOrFrom, withProfileName } from "./ingest-hints.ts";
import { leftOut } from "./left-out.ts";
import type { PrepareInput, Relabel, Relabeling } from "./prepare-input.ts";
import type { PrepareOutcome, PreparedProfile } from "./prepared-profile.ts";
import { ProfileRejectedError } from "./rejection.ts";
import { readSampleLabels } from "./sample-labels.ts";
import { selectSamples } from "./select-samples.ts";
import { checkDistinctNames, checkLabels, splitSamples } from "./split-samples.ts";
import { stripSamples } from "./strip-samples.ts";
import { truncateStacks, truncateStrings } from "./truncate-profile.ts";
import { checkForm, checkLimits, checkTime, malformed, profileTooLarge } from "./validate-profile.ts";
import { WorkingProfile } from "./working-profile.ts";

/** What a tenant without a limit may still not exceed. */
const MAX_PROFILE_SIZE_BYTES = 256 << 20;

export interface PrepareOptions {
  /** Where all but the payload lies, the rows among it; the heap when absent. */
  readonly memory?: Memory;
  /** The tenant's rules about usage groups, asked once; absent when it has none. */
  readonly judge?: SeriesJudge | undefined;
}

/**
 * Turns a pushed profile into rows for the segment writers: decompresses, decodes, checks, mends what agents are known
 * to get wrong, splits by the labels of samples and applies the tenant's rules. Pure; it is what a worker thread does.
 *
 * @param options - see {@link PrepareOptions}.
 * @returns the rows of each service, or why the profile is refused.
 * @remarks The order of checks is the one in which clients are told of their mistakes, but that labels, which cost
 * nothing to look at, come first where no rules could still mend them.
 */
export function preparePprof(
  input: PrepareInput,
  relabeling: Relabeling = {},
  { memory = heap, judge }: PrepareOptions = {},
): PrepareOutcome {
  let decompressedSizeBytes = 0;
  let usage: UsageVerdict | undefined;
  try {
    const labels = initialLabels(input, relabeling.series);
    const payload = decompress(input, labels);
    decompressedSizeBytes = payload.length;
    return prepare(input, relabeling, {
      labels,
      payload,
      memory,
      judge: (named) => (usage = judge?.(named)),
    });
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const isUnreadable = !(error instanceof ProfileRejectedError);
    const reason = isUnreadable ? "malformed_profile" : error.reason;
    return { type: "rejected", reason, message: error.message, isUnreadable, decompressedSizeBytes, usage };
  }
}

/**
 * Sorted labels of the client. The tenant's rules may mend them, and names of profiles may yet be guessed: then only
 * that no name comes twice is checked here, and the rest of each label set that comes of them.
 */
function initialLabels({ labels, limits, ingest }: PrepareInput, relabel: Relabel | undefined): Labels {
  const hasService = labels.some(({ name }) => name === "service_name");
  const sorted = sortLabels(
    hasService ? labels : [...labels, { name: "service_name", value: "unknown_service" }],
  );
  if (relabel === undefined && ingest === undefined) checkLabels(sorted, limits);
  else checkDistinctNames(sorted);
  return sorted;
}

function decompress({ body, limits }: PrepareInput, labels: Labels): Uint8Array {
  try {
    return gunzipBounded(body, { maxSizeBytes: limits.maxProfileSizeBytes || MAX_PROFILE_SIZE_BYTES });
  } catch (error) {
    throw error instanceof ProfileTooLargeError ? profileTooLarge(labels, limits) : error;
  }
}

interface Decompressed {
  readonly labels: Labels;
  readonly payload: Uint8Array;
  readonly memory: Memory;
  readonly judge: (labels: Labels) => UsageVerdict | undefined;
}

function prepare(
  input: PrepareInput,
  relabeling: Relabeling,
  { labels, payload, memory, judge }: Decompressed,
): PreparedProfile {
  const { limits, ingest } = input;
  const pprof = decodePprof(payload, {
    repairFunctionIds: ingest !== undefined && isDotnet(ingest),
    memory,
  });
  const profile = new WorkingProfile(pprof, memory);
  const arrivedAs = nameProfile(profile, labels, input);
  const usage = judge(arrivedAs);
  if (usage?.fate === "drop" || usage?.fate === "refuse") {
    return leftOut(usage, { labels: arrivedAs, pprof, payload });
  }
  const isStripped = usage?.fate === "strip";
  if (isStripped) stripSamples(profile);
  const named = isStripped ? withLabels(arrivedAs, SAMPLED_LABEL) : arrivedAs;
  const { timeNanos, ...truncated } = checkAndTruncate(profile, named, input);
  const language = detectLanguage(profile, labelValue(named, "pyroscope_spy"));
  const repairedStacks = language === "go" ? mendGo(profile) : 0;

  const types = keptSampleTypes(profile, named, relabeling.sampleType);
  const selected = selectSamples(profile, types);
  const seriesLabels = reduceSessionId(named, limits.maxSessionsPerSeries);
  const sampleLabels = readSampleLabels(profile, selected.samples);
  const split = splitSamples({ ...sampleLabels, labels: seriesLabels, relabel: relabeling.series, limits });
  const head = headOf(profile, types, {
    timeNanos,
    profileId: profileIdOf({ tenant: input.tenant, labels, timeNanos, payload }),
  });
  const rowRules = { renameWallCpu: limits.renameWallCpu };
  return {
    type: "prepared",
    services: buildServices({
      profile,
      types,
      samples: selected.samples,
      sampleLabels,
      groups: split.groups,
      head,
      rowRules,
    }),
    counts: {
      decompressedSizeBytes: payload.length,
      profileName: labelValue(named, "__name__"),
      language,
      receivedSamples: pprof.samples.count,
      negativeSamples: selected.negativeSamples,
      zeroSamples: selected.zeroSamples,
      unresolvedSamples: selected.unresolvedSamples,
      relabelDroppedSamples: split.droppedSamples,
      droppedSampleTypes: pprof.sampleTypes.length - types.length,
      numericLabels: sampleLabels.numericLabels,
      badSpanIds: sampleLabels.badSpanIds,
      ...truncated,
      repairedStacks,
    },
    usage,
  };
}

function nameProfile(profile: WorkingProfile, labels: Labels, { ingest }: PrepareInput): Labels {
  if (ingest === undefined) return labels;
  applyIngestHints(profile, ingest);
  return sortLabels(withProfileName(labels, profile, ingest));
}

interface Checked {
  readonly timeNanos: bigint;
  readonly truncatedStacks: number;
  readonly truncatedStrings: number;
}

/**
 * Holds a profile to the limits of its tenant, cuts what is longer than allowed, and checks its form.
 *
 * @throws {ProfileRejectedError} naming the rule.
 */
function checkAndTruncate(
  profile: WorkingProfile,
  labels: Labels,
  { ingest, limits, nowNanos }: PrepareInput,
): Checked {
  const { sampleTypes, timeNanos: statedNanos } = profile.pprof;
  if (sampleTypes.length === 0) throw malformed("empty profile");
  const timeNanos = checkTime(ingest ? timeOrFrom(statedNanos, ingest) : statedNanos, labels, {
    nowNanos,
    ...limits,
  });
  checkLimits(profile, labels, limits);
  const truncatedStacks = truncateStacks(profile, limits.maxProfileStacktraceDepth);
  const truncatedStrings = truncateStrings(profile, limits.maxProfileSymbolValueLengthBytes);
  checkForm(profile);
  return { timeNanos, truncatedStacks, truncatedStrings };
}

function mendGo(profile: WorkingProfile): number {
  removeGoShapes(profile);
  return repairGoStacks(profile);
}

/** Indexes of the sample types that the tenant's rules keep. */
function keptSampleTypes(profile: WorkingProfile, labels: Labels, relabel: Relabel | undefined): number[] {
  const all = [...profile.pprof.sampleTypes.keys()];
  if (relabel === undefined) return all;
  return all.filter((index) => {
    const { type, unit } = profile.pprof.sampleTypes[index]!;
    const typeLabels = { __type__: profile.text(type), __unit__: profile.text(unit) };
    return relabel(withLabels(labels, typeLabels)) !== undefined;
  });
}

function headOf(
  profile: WorkingProfile,
  types: readonly number[],
  identity: Pick<ProfileHead, "timeNanos" | "profileId">,
): ProfileHead {
  const { sampleTypes, periodType, period, durationNanos } = profile.pprof;
  const textsOf = ({ type, unit }: PprofProfile["sampleTypes"][number]) => ({
    type: profile.text(type),
    unit: profile.text(unit),
  });
  return {
    ...identity,
    sampleTypes: types.map((index) => textsOf(sampleTypes[index]!)),
    periodType: periodType && textsOf(periodType),
    period: Math.max(0, Number(period)),
    durationNanos: Math.max(0, Number(durationNanos)),
  };
}
