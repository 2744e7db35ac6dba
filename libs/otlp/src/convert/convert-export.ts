import type { Labels } from "@hearth/labels";
import type { TypeAndUnit } from "@hearth/profile";
import type { OtlpExport, OtlpProfile, OtlpResource, OtlpScope, OtlpValueType } from "../otlp-export.ts";
import { AttributeFilter, DEFAULT_ATTRIBUTE_POLICY, type AttributePolicy } from "./attribute-policy.ts";
import { AttributeReader } from "./attribute-reader.ts";
import {
  MAX_REJECTIONS,
  RejectedProfile,
  type ConvertedExport,
  type ConvertedProfile,
  type ConvertLimits,
  type PrepareLabels,
  type ProfileRejection,
} from "./converted-export.ts";
import { GroupBuilder } from "./group-builder.ts";
import { LinkConverter } from "./link-converter.ts";
import { profileKind, type ProfileKind } from "./profile-kind.ts";
import { PayloadNumbering, profilePayload } from "./profile-payload.ts";
import { SampleAttributes } from "./sample-attributes.ts";
import { sampleValue, type ValueRules } from "./sample-value.ts";
import { ScopeLabels } from "./scope-labels.ts";
import { SymbolsConverter } from "./symbols-converter.ts";

export interface ConvertOptions {
  /** The time of profiles that say none. */
  readonly nowNanos: bigint;
  readonly limits: ConvertLimits;
  readonly attributes?: AttributePolicy;
  /** Relabels and validates each label set, once for each resource and scope; as they are when absent. */
  readonly prepareLabels?: PrepareLabels;
}

/** The reference's defaults. */
export const DEFAULT_CONVERT_LIMITS: ConvertLimits = {
  maxSamplesPerProfile: 16_000,
  maxAttributesPerSample: 100,
  maxStacktraceDepth: 1000,
  maxSymbolValueLengthBytes: 65_535,
  maxLabelNamesPerSeries: 30,
};

const DEFAULT_DURATION_NANOS = 10_000_000_000;
const INT64_LIMIT = 2n ** 63n;

/**
 * Turns an export into what rows are made of: the dictionary into symbols, once; each profile into a head and groups of
 * samples by label set. A profile that cannot be stored is rejected by itself, the others are not.
 */
export function convertOtlpExport(exported: OtlpExport, options: ConvertOptions): ConvertedExport {
  return new ExportConverter(exported, options).convert();
}

class ExportConverter {
  readonly #exported: OtlpExport;
  readonly #options: ConvertOptions;
  readonly #reader: AttributeReader;
  readonly #filter: AttributeFilter;
  readonly #symbols: SymbolsConverter;
  readonly #links: LinkConverter;
  readonly #sampleAttributes: SampleAttributes;
  readonly #numbering = new PayloadNumbering();
  readonly #profiles: ConvertedProfile[] = [];
  readonly #rejections: ProfileRejection[] = [];
  readonly #counts = {
    receivedProfiles: 0,
    rejectedProfiles: 0,
    negativeSamples: 0,
    zeroSamples: 0,
    relabelDroppedSamples: 0,
    trimmedLabels: 0,
  };

  constructor(exported: OtlpExport, options: ConvertOptions) {
    const { dictionary } = exported;
    this.#exported = exported;
    this.#options = options;
    this.#reader = new AttributeReader(dictionary.strings, dictionary.attributes);
    this.#filter = new AttributeFilter(options.attributes ?? DEFAULT_ATTRIBUTE_POLICY);
    this.#symbols = new SymbolsConverter(dictionary, this.#reader, options.limits);
    this.#links = new LinkConverter(dictionary.links);
    this.#sampleAttributes = new SampleAttributes(this.#reader, this.#filter);
  }

  convert(): ConvertedExport {
    for (const resource of this.#exported.resources) {
      for (const scope of resource.scopes) this.#convertScope(resource, scope);
    }
    return {
      profiles: this.#profiles,
      symbols: this.#symbols.build(),
      rejections: this.#rejections,
      counts: {
        ...this.#counts,
        receivedSamples: this.#exported.samples.count,
        truncatedStacks: this.#symbols.truncatedCount,
      },
    };
  }

  #convertScope(resource: OtlpResource, scope: OtlpScope): void {
    const labels = new ScopeLabels(
      { resource, scope },
      {
        reader: this.#reader,
        filter: this.#filter,
        maxLabelNamesPerSeries: this.#options.limits.maxLabelNamesPerSeries,
        prepareLabels: this.#options.prepareLabels ?? ((set) => set),
      },
    );
    for (const profile of scope.profiles) this.#convertOrReject(profile, labels);
    this.#counts.trimmedLabels += labels.trimmedCount;
  }

  #convertOrReject(profile: OtlpProfile, labels: ScopeLabels): void {
    const index = this.#counts.receivedProfiles++;
    try {
      const converted = this.#convertProfile(profile, labels, index);
      if (converted !== undefined) this.#profiles.push(converted);
    } catch (error) {
      if (!(error instanceof RejectedProfile)) throw error;
      this.#counts.rejectedProfiles++;
      if (this.#rejections.length >= MAX_REJECTIONS) return;
      this.#rejections.push({ index, reason: error.reason, message: error.message });
    }
  }

  /** @returns `undefined` when there is nothing to store. */
  #convertProfile(profile: OtlpProfile, labels: ScopeLabels, index: number): ConvertedProfile | undefined {
    const kind = this.#kindOf(profile);
    const timeNanos = this.#timeOf(profile);
    const groups = this.#groupSamples(profile, kind, labels);
    const [firstGroup] = groups;
    if (firstGroup === undefined) return undefined;
    const { durationNanos, period } = profile;
    return {
      index,
      head: {
        sampleTypes: [kind.sampleType],
        periodType: kind.periodType,
        period: kind.periodType === undefined ? 0 : Number(period),
        timeNanos,
        durationNanos: durationNanos === 0n ? DEFAULT_DURATION_NANOS : Number(durationNanos),
      },
      labels: firstGroup.labels,
      payload: this.#payloadOf(groups, labels, `${timeNanos} ${this.#reader.hashOf(kind.sampleType.type)}`),
      groups: groups.map((group) => group.build()),
    };
  }

  #payloadOf(groups: readonly GroupBuilder[], { identity }: ScopeLabels, context: string): Uint8Array {
    const hashOf = (stacktrace: number): number => this.#symbols.stacktraceHash(stacktrace);
    const payload = profilePayload({ scopeIdentity: identity, groups, links: this.#links, hashOf });
    this.#numbering.number(payload, context);
    return payload;
  }

  #kindOf({ sampleType, periodType, period }: OtlpProfile): ProfileKind {
    const type = sampleType === undefined ? undefined : this.#typeOf(sampleType);
    if (type === undefined || type.type === "") throw new RejectedProfile("profile has no sample type");
    const hasPeriod = period > 0n && periodType !== undefined;
    return profileKind(type, hasPeriod ? this.#typeOf(periodType) : undefined);
  }

  #typeOf({ type, unit }: OtlpValueType): TypeAndUnit {
    const texts = { type: this.#reader.text(type), unit: this.#reader.text(unit) };
    if (texts.type === undefined || texts.unit === undefined)
      throw new RejectedProfile(`string index of a type out of range: type=${type} unit=${unit}`);
    return { type: texts.type, unit: texts.unit };
  }

  #timeOf({ timeUnixNanos }: OtlpProfile): bigint {
    if (timeUnixNanos >= INT64_LIMIT)
      throw new RejectedProfile(`time out of range: time_unix_nano=${timeUnixNanos}`);
    return timeUnixNanos === 0n ? this.#options.nowNanos : timeUnixNanos;
  }

  #groupSamples(profile: OtlpProfile, kind: ProfileKind, scopeLabels: ScopeLabels): readonly GroupBuilder[] {
    const { samples } = this.#exported;
    this.#checkSampleCount(profile);
    const rules: ValueRules = {
      scale: kind.isScaledByPeriod ? profile.period : 1n,
      hasManyValues: kind.hasManyValues,
    };
    const groups = new Map<Labels, GroupBuilder>();
    for (let i = profile.firstSample; i < profile.endSample; i++) {
      const stacktrace = this.#symbols.stacktrace(samples.stack[i]!);
      const link = this.#links.number(samples.link[i]!);
      const value = sampleValue(samples, i, rules);
      const labels = this.#labelsOf(i, kind, scopeLabels);
      if (value <= 0 || labels === undefined) {
        this.#countLeftOut(value);
        continue;
      }
      let group = groups.get(labels);
      if (group === undefined) groups.set(labels, (group = new GroupBuilder(labels, this.#links)));
      group.add(stacktrace, link, value);
    }
    return [...groups.values()];
  }

  /** @param value - of a sample that is not stored: above 0 when the tenant's rules dropped it. */
  #countLeftOut(value: number | bigint): void {
    if (value < 0) this.#counts.negativeSamples++;
    else if (value > 0) this.#counts.relabelDroppedSamples++;
    else this.#counts.zeroSamples++;
  }

  #checkSampleCount({ firstSample, endSample }: OtlpProfile): void {
    const { maxSamplesPerProfile } = this.#options.limits;
    const count = endSample - firstSample;
    if (maxSamplesPerProfile === 0 || count <= maxSamplesPerProfile) return;
    throw new RejectedProfile(`profile has ${count} samples; limit ${maxSamplesPerProfile}`, "samples_limit");
  }

  #labelsOf(sample: number, kind: ProfileKind, scopeLabels: ScopeLabels): Labels | undefined {
    const { firstAttribute, attribute } = this.#exported.samples;
    const indexes = attribute.subarray(firstAttribute[sample], firstAttribute[sample + 1]);
    const { maxAttributesPerSample } = this.#options.limits;
    if (maxAttributesPerSample !== 0 && indexes.length > maxAttributesPerSample) {
      throw new RejectedProfile(
        `sample has ${indexes.length} attributes; limit ${maxAttributesPerSample}`,
        "sample_labels_limit",
      );
    }
    return scopeLabels.labels(kind.name, this.#sampleAttributes.seriesOf(indexes));
  }
}
