import { fromJson, toBinary, type JsonObject } from "@bufbuild/protobuf";
import {
  ExportProfilesServiceRequestSchema,
  type ExportProfilesServiceRequest,
} from "@hearth/proto/opentelemetry/proto/collector/profiles/v1development";
import type { Sample } from "@hearth/proto/opentelemetry/proto/profiles/v1development";
import { ProtoWriter } from "@hearth/testing";

/** What a profile is to hold; indexes are those of {@link DICTIONARY}, stacks `1` to `3`. */
export interface SampleSketch {
  readonly stackIndex?: number;
  readonly values?: readonly (number | string)[];
  readonly timestampsUnixNano?: readonly string[];
  readonly attributeIndices?: readonly number[];
  readonly linkIndex?: number;
}

export const STRINGS = [
  "",
  "samples",
  "count",
  "cpu",
  "nanoseconds",
  "main",
  "serve",
  "spin",
  "main.go",
  "/usr/bin/api",
  "thread.name",
  "thread.id",
  "service.name",
  "process.executable.build_id.gnu",
  "process.executable.build_id.go",
  "process.executable.build_id.htlhash",
  "inuse_space",
  "bytes",
  "custom",
];

export function stringIndex(text: string): number {
  const index = STRINGS.indexOf(text);
  if (index < 0) throw new Error(`not in the string table: ${text}`);
  return index;
}

export function attribute(key: string, value: JsonObject): JsonObject {
  return { keyStrindex: stringIndex(key), value };
}

export function typeSketch(type: string, unit: string): JsonObject {
  return { typeStrindex: stringIndex(type), unitStrindex: stringIndex(unit) };
}

const fn = (name: string): JsonObject => ({
  nameStrindex: stringIndex(name),
  systemNameStrindex: stringIndex(name),
  filenameStrindex: stringIndex("main.go"),
});

/** Stacks: 1 `main`, 2 `main;serve`, 3 `main;serve;spin`. */
export const DICTIONARY: JsonObject = {
  stringTable: STRINGS,
  mappingTable: [{}, { memoryStart: "4096", memoryLimit: "8192", filenameStrindex: 9 }],
  functionTable: [{}, fn("main"), fn("serve"), fn("spin")],
  locationTable: [
    {},
    { mappingIndex: 1, address: "4112", lines: [{ functionIndex: 1, line: "11" }] },
    { mappingIndex: 1, address: "4128", lines: [{ functionIndex: 2, line: "12" }] },
    { mappingIndex: 1, address: "4144", lines: [{ functionIndex: 3, line: "13" }] },
  ],
  stackTable: [{}, { locationIndices: [1] }, { locationIndices: [2, 1] }, { locationIndices: [3, 2, 1] }],
  linkTable: [{}, { traceId: "AQIDBAUGBwgJCgsMDQ4PEA==", spanId: "ERITFBUWFxg=" }],
  attributeTable: [
    {},
    attribute("thread.name", { stringValue: "w-1" }),
    attribute("thread.name", { stringValue: "w-2" }),
    attribute("thread.id", { intValue: "7" }),
    attribute("service.name", { stringValue: "own" }),
  ],
};

export function profileSketch(samples: readonly SampleSketch[], more: JsonObject = {}): JsonObject {
  return {
    sampleType: typeSketch("samples", "count"),
    periodType: typeSketch("cpu", "nanoseconds"),
    period: "10",
    timeUnixNano: "1772445660000000000",
    samples: samples as JsonObject[],
    ...more,
  };
}

export interface ExportSketch {
  readonly profiles: readonly JsonObject[];
  readonly resource?: readonly JsonObject[];
  readonly scope?: readonly JsonObject[];
  readonly dictionary?: JsonObject;
}

/** The request, in plain protobuf JSON. */
export function exportSketch({
  profiles,
  resource = [],
  scope = [],
  dictionary = {},
}: ExportSketch): JsonObject {
  return {
    resourceProfiles: [
      {
        resource: { attributes: [...resource] },
        scopeProfiles: [{ scope: { attributes: [...scope] }, profiles: [...profiles] }],
      },
    ],
    dictionary: { ...DICTIONARY, ...dictionary },
  };
}

/** The request in binary, as generated code writes it: the layout of OTLP 1.10 and later. */
export function encodeCurrent(request: JsonObject): Uint8Array {
  return toBinary(ExportProfilesServiceRequestSchema, fromJson(ExportProfilesServiceRequestSchema, request));
}

/** The request in binary, in the layout of OTLP 1.8 and 1.9. */
export function encodeEarlier(request: JsonObject): Uint8Array {
  const message = fromJson(ExportProfilesServiceRequestSchema, request);
  for (const sample of samplesOf(message)) moveFields(sample);
  return toBinary(ExportProfilesServiceRequestSchema, message);
}

function samplesOf({ resourceProfiles }: ExportProfilesServiceRequest): Sample[] {
  return resourceProfiles.flatMap(({ scopeProfiles }) =>
    scopeProfiles.flatMap(({ profiles }) => profiles.flatMap(({ samples }) => samples)),
  );
}

/** Values 2, attributes 3, link 4; what generated code does not know it writes as it is. */
function moveFields(sample: Sample): void {
  const { values, attributeIndices, linkIndex } = sample;
  const packed = (numbers: readonly (number | bigint)[]): Uint8Array => {
    const content = new ProtoWriter().packed(1, numbers).finish();
    return content.subarray(1); // without the tag
  };
  sample.$unknown = [];
  if (values.length > 0) sample.$unknown.push({ no: 2, wireType: 2, data: packed(values) });
  if (attributeIndices.length > 0)
    sample.$unknown.push({ no: 3, wireType: 2, data: packed(attributeIndices) });
  if (linkIndex !== 0)
    sample.$unknown.push({ no: 4, wireType: 0, data: new ProtoWriter().varint(linkIndex).finish() });
  sample.values = [];
  sample.attributeIndices = [];
  sample.linkIndex = 0;
}
