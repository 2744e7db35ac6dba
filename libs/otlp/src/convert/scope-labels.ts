import type { Label, Labels } from "@hearth/labels";
import { compareBytes, seriesKey } from "@hearth/profile";
import type { OtlpAttribute, OtlpResource, OtlpScope } from "../otlp-export.ts";
import type { AttributeFilter } from "./attribute-policy.ts";
import type { AttributeReader, TextAttribute } from "./attribute-reader.ts";
import { RejectedProfile, type LabelRefusal, type PrepareLabels } from "./converted-export.ts";

/** What a label set is made of, beside the attributes of resource and scope. */
export interface LabelParts {
  /** Value of `__name__`. */
  readonly profileName: string;
  /** Service that the samples name themselves; empty when they do not. */
  readonly sampleService: string;
  /** Of the samples. */
  readonly attributes: readonly TextAttribute[];
}

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

const UNKNOWN_SERVICE = "unknown_service";

/**
 * Labels of the profiles of one resource and scope. Of attributes with one key the first that is not empty counts:
 * those of the resource before those of the scope before those of samples.
 */
export class ScopeLabels {
  readonly #attributes: ReadonlyMap<string, string>;
  readonly #service: string;
  readonly #maxCount: number;
  readonly #prepareLabels: PrepareLabels;
  readonly #byProfileName = new Map<string, Labels>();
  readonly #byParts = new Map<string, Outcome>();
  readonly #byContent = new Map<string, Labels>();
  /** All attributes as they were sent, those that become no labels too: tells resources apart that have equal labels. */
  readonly identity: string;
  #trimmedCount = 0;

  constructor({ resource, scope }: { resource: OtlpResource; scope: OtlpScope }, options: ScopeLabelOptions) {
    const { reader, filter, maxLabelNamesPerSeries } = options;
    const ofResource = resolveAll(resource.attributes, reader);
    const all = [...ofResource, ...resolveAll(scope.attributes, reader)];
    this.#attributes = firstByKey(all.filter(({ key }) => filter.keeps(key)));
    this.#service = serviceOf(firstByKey(ofResource));
    this.#maxCount = maxLabelNamesPerSeries === 0 ? Number.POSITIVE_INFINITY : maxLabelNamesPerSeries;
    this.#prepareLabels = options.prepareLabels;
    this.identity = all.map(({ key, value }) => `${key}\u0000${value}\u0000`).join("");
  }

  /** Attributes that were left out of a label set because it was full; each set counts once. */
  get trimmedCount(): number {
    return this.#trimmedCount;
  }

  /** The labels of a profile before those of its samples and before the tenant's rules. */
  ofProfile(profileName: string): Labels {
    const known = this.#byProfileName.get(profileName);
    if (known !== undefined) return known;
    const { labels } = this.#build({ profileName, sampleService: "", attributes: [] });
    this.#byProfileName.set(profileName, labels);
    return labels;
  }

  /**
   * The label set of some samples, sorted, without the labels of their type, as the tenant's rules left it. Equal sets
   * are one object, also when they come of different parts.
   *
   * @returns `undefined` when the rules drop it.
   * @throws {RejectedProfile} when the rules refuse it.
   */
  ofSamples(parts: LabelParts): Labels | undefined {
    const outcome = this.#outcome(parts);
    if (outcome.type === "kept") return outcome.labels;
    if (outcome.type === "dropped") return undefined;
    throw new RejectedProfile(outcome.refusal.message, outcome.refusal.reason);
  }

  #outcome(parts: LabelParts): Outcome {
    const key = keyOf(parts);
    const known = this.#byParts.get(key);
    if (known !== undefined) return known;
    const { labels, trimmedCount } = this.#build(parts);
    this.#trimmedCount += trimmedCount;
    const outcome = this.#prepare(labels);
    this.#byParts.set(key, outcome);
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

  #build({ profileName, sampleService, attributes }: LabelParts): BuiltLabels {
    const values = new Map([
      ["__name__", profileName],
      ["service_name", sampleService === "" ? this.#service : sampleService],
      ["__otel__", "true"],
    ]);
    let trimmedCount = 0;
    const add = (key: string, value: string): void => {
      if (values.size < this.#maxCount || values.has(key)) values.set(key, value);
      else trimmedCount++;
    };
    // Where not all have room, those of samples come first: they are what tells series of a profile apart.
    for (const { key, value } of attributes) add(key, this.#attributes.get(key) ?? value);
    for (const [key, value] of this.#attributes) add(key, value);
    const labels: Label[] = [];
    for (const [name, value] of values) labels.push({ name, value });
    return { labels: labels.sort((a, b) => compareBytes(a.name, b.name)), trimmedCount };
  }
}

interface BuiltLabels {
  readonly labels: Labels;
  /** Attributes that found no room. */
  readonly trimmedCount: number;
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

function keyOf({ profileName, sampleService, attributes }: LabelParts): string {
  let key = `${profileName}\u0000${sampleService}`;
  for (const attribute of attributes) key += `\u0000${attribute.key}\u0000${attribute.value}`;
  return key;
}
