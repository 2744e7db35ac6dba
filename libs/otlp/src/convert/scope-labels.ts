import { compareBytes, type Label, type Labels } from "@hearth/labels";
import { seriesKey } from "@hearth/profile";
import type { OtlpAttribute, OtlpResource, OtlpScope } from "../otlp-export.ts";
import type { AttributeFilter } from "./attribute-policy.ts";
import type { AttributeReader, TextAttribute } from "./attribute-reader.ts";
import { RejectedProfile, type LabelRefusal, type PrepareLabels } from "./converted-export.ts";
import type { SampleSeries } from "./sample-attributes.ts";

export interface ScopeLabelOptions {
  readonly reader: AttributeReader;
  readonly filter: AttributeFilter;
  /** 0 means no limit. */
  readonly maxLabelNamesPerSeries: number;
  readonly prepareLabels: PrepareLabels;
}

/** What became of a label set. */
type Outcome =
  | { readonly type: "kept"; readonly labels: Labels }
  | { readonly type: "dropped" }
  | { readonly type: "refused"; readonly refusal: LabelRefusal };

/** More attributes than this are left out even where the number of labels is not limited. */
const MAX_ATTRIBUTES = 1024;
const UNKNOWN_SERVICE = "unknown_service";

/**
 * Labels of the profiles of one resource and scope. Of attributes with one key the first that is not empty counts:
 * those of the resource before those of the scope before those of samples.
 */
export class ScopeLabels {
  /** As many as there is room for at most. */
  readonly #attributes: ReadonlyMap<string, string>;
  /** Attributes for which there is no room in any label set. */
  readonly #leftOutCount: number;
  readonly #service: string;
  readonly #maxCount: number;
  readonly #prepareLabels: PrepareLabels;
  readonly #outcomes = new Map<string, Map<SampleSeries, Outcome>>();
  readonly #byContent = new Map<string, Labels>();
  /** All attributes as they were sent, those that become no labels too: tells resources apart that have equal labels. */
  readonly identity: Uint8Array;
  #trimmedCount = 0;

  constructor({ resource, scope }: { resource: OtlpResource; scope: OtlpScope }, options: ScopeLabelOptions) {
    const { reader, filter, maxLabelNamesPerSeries } = options;
    const ofResource = resolveAll(resource.attributes, reader);
    const all = [...ofResource, ...resolveAll(scope.attributes, reader)];
    const kept = [...firstByKey(all.filter(({ key }) => filter.keeps(key)))];
    this.#maxCount = maxLabelNamesPerSeries === 0 ? Number.POSITIVE_INFINITY : maxLabelNamesPerSeries;
    this.#attributes = new Map(kept.slice(0, Math.min(this.#maxCount, MAX_ATTRIBUTES)));
    this.#leftOutCount = kept.length - this.#attributes.size;
    this.#service = serviceOf(firstByKey(ofResource));
    this.#prepareLabels = options.prepareLabels;
    this.identity = reader.identityOf(all);
  }

  /** Attributes that were left out of a label set because it was full; each set counts once. */
  get trimmedCount(): number {
    return this.#trimmedCount;
  }

  /**
   * The label set of some samples, sorted, without the labels of their type, as the tenant's rules left it. Equal sets
   * are one object, also when they come of different samples.
   *
   * @param profileName - value of `__name__`.
   * @returns `undefined` when the rules drop it.
   * @throws {RejectedProfile} when the rules refuse it.
   */
  labels(profileName: string, series: SampleSeries): Labels | undefined {
    const outcome = this.#outcome(profileName, series);
    if (outcome.type === "kept") return outcome.labels;
    if (outcome.type === "dropped") return undefined;
    throw new RejectedProfile(outcome.refusal.message, outcome.refusal.reason);
  }

  #outcome(profileName: string, series: SampleSeries): Outcome {
    let outcomes = this.#outcomes.get(profileName);
    if (outcomes === undefined) this.#outcomes.set(profileName, (outcomes = new Map()));
    const known = outcomes.get(series);
    if (known !== undefined) return known;
    const outcome = this.#prepare(this.#build(profileName, series));
    outcomes.set(series, outcome);
    return outcome;
  }

  #prepare(labels: Labels): Outcome {
    const prepared = this.#prepareLabels(labels);
    if (prepared === undefined) return { type: "dropped" };
    if ("reason" in prepared) return { type: "refused", refusal: prepared };
    return { type: "kept", labels: this.#intern(prepared) };
  }

  #intern(labels: Labels): Labels {
    const content = seriesKey(labels);
    const known = this.#byContent.get(content);
    if (known !== undefined) return known;
    this.#byContent.set(content, labels);
    return labels;
  }

  #build(profileName: string, { attributes, service }: SampleSeries): Labels {
    const values = new Map([
      ["__name__", profileName],
      ["service_name", service === "" ? this.#service : service],
      ["__otel__", "true"],
    ]);
    const add = (key: string, value: string): void => {
      if (values.size < this.#maxCount || values.has(key)) values.set(key, value);
      else this.#trimmedCount++;
    };
    // Where not all have room, those of samples come first: they are what tells series of a profile apart.
    for (const { key, value } of attributes) add(key, this.#attributes.get(key) ?? value);
    for (const [key, value] of this.#attributes) add(key, value);
    this.#trimmedCount += this.#leftOutCount;
    const labels: Label[] = [];
    for (const [name, value] of values) labels.push({ name, value });
    return labels.sort((a, b) => compareBytes(a.name, b.name));
  }
}

/** Attributes whose references lead nowhere are left out. */
function resolveAll(attributes: readonly OtlpAttribute[], reader: AttributeReader): TextAttribute[] {
  return attributes.flatMap((attribute) => reader.resolve(attribute) ?? []);
}

function firstByKey(attributes: readonly TextAttribute[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { key, value } of attributes) if (value !== "" && !values.has(key)) values.set(key, value);
  return values;
}

function serviceOf(attributes: ReadonlyMap<string, string>): string {
  const service = attributes.get("service.name");
  if (service !== undefined) return service;
  const executable = attributes.get("process.executable.name");
  return executable === undefined ? UNKNOWN_SERVICE : `${UNKNOWN_SERVICE}:${executable}`;
}
