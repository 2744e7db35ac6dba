import { DictionaryBuilder } from "../dictionary-builder.ts";
import { unsupportedLayout } from "../layout-error.ts";
import {
  DEFAULT_OTLP_LIMITS,
  type OtlpAttribute,
  type OtlpExport,
  type OtlpLimits,
  type OtlpProfile,
  type OtlpResource,
  type OtlpScope,
  type OtlpValueType,
} from "../otlp-export.ts";
import { SamplesBuilder } from "../samples-builder.ts";
import { EntryCounter } from "./entry-counter.ts";
import { readJsonAttribute } from "./json-attribute.ts";
import { readJsonDictionary } from "./json-dictionary.ts";
import {
  fieldOf,
  indexOf,
  integerOf,
  type JsonObject,
  listOf,
  malformedJson,
  objectOf,
} from "./json-values.ts";
import { parseJson } from "./parse-json.ts";

/**
 * Decodes an export in JSON: OTLP's form (ids in hex, unknown fields ignored, integers for enums) and plain protobuf
 * JSON (ids in base64) alike. Fields carry their names, so the layouts of OTLP 1.8 and later are all read the same way.
 *
 * @throws {InvalidArgumentError} when it is not such a message, has an older layout, or exceeds the limits.
 */
export function decodeOtlpExportJson(
  input: string | Uint8Array,
  limits: OtlpLimits = DEFAULT_OTLP_LIMITS,
): OtlpExport {
  const parsed = parseJson(input);
  if (parsed === undefined || parsed === null) throw malformedJson("not an object");
  return new JsonExportDecoder(limits).decode(objectOf(parsed, "request"));
}

class JsonExportDecoder {
  readonly #counter: EntryCounter;
  readonly #samples = new SamplesBuilder();

  constructor(limits: OtlpLimits) {
    this.#counter = new EntryCounter(limits);
  }

  decode(request: JsonObject): OtlpExport {
    const tables = new DictionaryBuilder();
    const dictionary = fieldOf(request, "dictionary");
    if (dictionary !== undefined)
      readJsonDictionary(objectOf(dictionary, "dictionary"), tables, this.#counter);
    const resources = this.#list(request, "resourceProfiles", "resource_profiles").map((resource) =>
      this.#readResource(resource),
    );
    const hasProfiles = resources.some(({ scopes }) => scopes.some(({ profiles }) => profiles.length > 0));
    if (hasProfiles && dictionary === undefined)
      throw unsupportedLayout("OTLP 1.6 or earlier (it has no dictionary)");
    return { resources, dictionary: tables.build(), samples: this.#samples.build() };
  }

  #list(object: JsonObject, ...names: readonly [string, ...string[]]): readonly JsonObject[] {
    return listOf(fieldOf(object, ...names), names[0]).map((entry) => {
      this.#counter.countEntry();
      return objectOf(entry, names[0]);
    });
  }

  #readResource(resource: JsonObject): OtlpResource {
    return {
      attributes: this.#readAttributes(objectOf(fieldOf(resource, "resource"), "resource")),
      scopes: this.#list(resource, "scopeProfiles", "scope_profiles").map((scope) => this.#readScope(scope)),
    };
  }

  #readScope(scope: JsonObject): OtlpScope {
    return {
      attributes: this.#readAttributes(objectOf(fieldOf(scope, "scope"), "scope")),
      profiles: this.#list(scope, "profiles").map((profile) => this.#readProfile(profile)),
    };
  }

  #readAttributes(owner: JsonObject): readonly OtlpAttribute[] {
    return this.#list(owner, "attributes").map((attribute) => readJsonAttribute(attribute));
  }

  #readProfile(profile: JsonObject): OtlpProfile {
    const sampleType = fieldOf(profile, "sampleType", "sample_type");
    const isOld =
      Array.isArray(sampleType) || fieldOf(profile, "locationIndices", "location_indices") !== undefined;
    if (isOld) throw unsupportedLayout("OTLP 1.7 or earlier");
    const firstSample = this.#samples.count;
    for (const sample of this.#list(profile, "samples", "sample")) this.#readSample(sample);
    return {
      sampleType: readValueType(sampleType),
      periodType: readValueType(fieldOf(profile, "periodType", "period_type")),
      period: BigInt.asIntN(64, integerOf(fieldOf(profile, "period"), "period")),
      timeUnixNanos: unsigned(fieldOf(profile, "timeUnixNano", "time_unix_nano"), "timeUnixNano"),
      durationNanos: unsigned(fieldOf(profile, "durationNano", "duration_nano"), "durationNano"),
      firstSample,
      endSample: this.#samples.count,
    };
  }

  #readSample(sample: JsonObject): void {
    const samples = this.#samples;
    samples.stack = indexOf(fieldOf(sample, "stackIndex", "stack_index"), "stackIndex");
    samples.link = indexOf(fieldOf(sample, "linkIndex", "link_index"), "linkIndex");
    for (const index of listOf(
      fieldOf(sample, "attributeIndices", "attribute_indices"),
      "attributeIndices",
    )) {
      this.#counter.countListed();
      samples.addAttribute(indexOf(index, "attributeIndices"));
    }
    for (const value of listOf(fieldOf(sample, "values"), "values")) {
      samples.addValue(exact(BigInt.asIntN(64, integerOf(value, "values"))));
    }
    const timestamps = fieldOf(sample, "timestampsUnixNano", "timestamps_unix_nano");
    samples.timestampCount = listOf(timestamps, "timestampsUnixNano").length;
    samples.end();
  }
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function unsigned(value: unknown, name: string): bigint {
  return BigInt.asUintN(64, integerOf(value, name));
}

function readValueType(value: unknown): OtlpValueType | undefined {
  if (value === undefined) return undefined;
  const object = objectOf(value, "sampleType");
  return {
    type: indexOf(fieldOf(object, "typeStrindex", "type_strindex"), "typeStrindex"),
    unit: indexOf(fieldOf(object, "unitStrindex", "unit_strindex"), "unitStrindex"),
  };
}
