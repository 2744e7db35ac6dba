import type { JsonObject } from "@bufbuild/protobuf";
import type { Labels } from "@hearth/labels";
import { describe, expect, it } from "@jest/globals";
import {
  buildServices,
  convertOtlpExport,
  decodeOtlpExport,
  DEFAULT_ATTRIBUTE_POLICY,
  DEFAULT_CONVERT_LIMITS,
  type ConvertedExport,
  type ConvertOptions,
} from "../src/index.ts";
import { labelsOf, linesOf } from "./readable.ts";
import { encodeCurrent, exportSketch, profileSketch, stringIndex, type ExportSketch } from "./sketch.ts";

function convert(sketch: Partial<ExportSketch>, options: Partial<ConvertOptions> = {}): ConvertedExport {
  const request = exportSketch({ profiles: [profileSketch([{ values: [1] }])], ...sketch });
  return convertOtlpExport(decodeOtlpExport(encodeCurrent(request)), {
    nowNanos: 0n,
    limits: DEFAULT_CONVERT_LIMITS,
    ...options,
  });
}

/** Label sets of all groups, without the labels that all have. */
function labelSets(converted: ConvertedExport): string[] {
  return converted.profiles.flatMap(({ groups }) =>
    groups.map((group) => labelsOf(group, "__name__", "__otel__")),
  );
}

const text = (key: string, value: string): JsonObject => ({ key, value: { stringValue: value } });

describe("labels of resource and scope", () => {
  it.each<{ name: string; resource: readonly JsonObject[]; scope?: readonly JsonObject[]; want: string }>([
    { name: "no attributes", resource: [], want: "{service_name=unknown_service}" },
    {
      name: "a service",
      resource: [text("service.name", "api")],
      want: "{service.name=api service_name=api}",
    },
    {
      name: "an executable instead",
      resource: [text("process.executable.name", "redis")],
      want: "{process.executable.name=redis service_name=unknown_service:redis}",
    },
    {
      name: "a service name of the scope names no service",
      resource: [],
      scope: [text("service.name", "api")],
      want: "{service.name=api service_name=unknown_service}",
    },
    {
      name: "the resource before the scope, and the first that is not empty",
      resource: [text("a", ""), text("a", "1"), text("a", "2"), text("b", "")],
      scope: [text("a", "3"), text("b", "4")],
      want: "{a=1 b=4 service_name=unknown_service}",
    },
    {
      name: "names that the server gives",
      resource: [text("service_name", "x"), text("__name__", "x"), text("__type__", "x"), text("", "x")],
      want: "{service_name=unknown_service}",
    },
    {
      name: "numbers of processes and threads",
      resource: [
        text("process.pid", "1"),
        text("thread.id", "2"),
        text("process.environment_variable.HOME", "/"),
        text("host.name", "h"),
      ],
      want: "{host.name=h service_name=unknown_service}",
    },
    {
      name: "references to strings",
      resource: [
        { keyStrindex: stringIndex("service.name"), value: { stringValueStrindex: stringIndex("custom") } },
      ],
      want: "{service.name=custom service_name=custom}",
    },
    {
      name: "the plain key where both are set",
      resource: [{ key: "k", keyStrindex: stringIndex("service.name"), value: { stringValue: "v" } }],
      want: "{k=v service_name=unknown_service}",
    },
    {
      name: "references that lead nowhere",
      resource: [
        { keyStrindex: 99, value: { stringValue: "v" } },
        { key: "k", value: { stringValueStrindex: 99 } },
      ],
      want: "{service_name=unknown_service}",
    },
    {
      name: "values of every kind",
      resource: [
        { key: "int", value: { intValue: "-9223372036854775808" } },
        { key: "list", value: { arrayValue: { values: [{ intValue: "3" }] } } },
        { key: "lists", value: { arrayValue: { values: [{ stringValue: "a" }, { stringValue: "b" }] } } },
        {
          key: "nested",
          value: { arrayValue: { values: [{ arrayValue: { values: [{ stringValue: "a" }] } }] } },
        },
        { key: "bool", value: { boolValue: true } },
        { key: "double", value: { doubleValue: 1.5 } },
        { key: "bytes", value: { bytesValue: "AAAA" } },
        { key: "map", value: { kvlistValue: { values: [text("a", "b")] } } },
        { key: "none" },
      ],
      want: "{int=-9223372036854775808 list=3 service_name=unknown_service}",
    },
    {
      name: "order is by bytes",
      resource: [text("\u{ff5e}", "1"), text("\u{1f600}", "2"), text("Z", "3"), text("a", "4")],
      want: "{Z=3 a=4 service_name=unknown_service \u{ff5e}=1 \u{1f600}=2}",
    },
  ])("$name", ({ resource, scope = [], want }) => {
    expect(labelSets(convert({ resource, scope }))).toEqual([want]);
  });

  it("always name the profile and say where it comes from", () => {
    const [profile] = convert({}).profiles;
    expect(labelsOf(profile!.groups[0]!)).toBe(
      "{__name__=process_cpu __otel__=true service_name=unknown_service}",
    );
  });
});

describe("labels of samples", () => {
  const samples = [
    { values: [1], attributeIndices: [1] },
    { values: [2], attributeIndices: [1, 3] },
    { values: [4], attributeIndices: [3] },
    { values: [8], attributeIndices: [2, 4] },
  ];

  it("split a profile, and what numbers threads does not", () => {
    expect(
      linesOf(convert({ profiles: [profileSketch(samples)], resource: [text("service.name", "api")] })),
    ).toEqual([
      "process_cpu:cpu:nanoseconds:cpu:nanoseconds {service.name=api service_name=api thread.name=w-1} [=30]",
      "process_cpu:cpu:nanoseconds:cpu:nanoseconds {service.name=api service_name=api} [=40]",
      "process_cpu:cpu:nanoseconds:cpu:nanoseconds {service.name=api service_name=own thread.name=w-2} [=80]",
    ]);
  });

  it.each<{ name: string; options: Partial<ConvertOptions>; want: readonly string[] }>([
    {
      name: "other attributes excluded",
      options: { attributes: { excluded: ["thread.name"] } },
      want: [
        "{service_name=unknown_service}",
        "{service_name=unknown_service thread.id=7}",
        "{service_name=own}",
      ],
    },
    {
      name: "only some wanted of samples",
      options: { attributes: { ...DEFAULT_ATTRIBUTE_POLICY, onlyFromSamples: [] } },
      want: ["{service_name=unknown_service}", "{service_name=own}"],
    },
  ])("follow the policy: $name", ({ options, want }) => {
    expect(labelSets(convert({ profiles: [profileSketch(samples)] }, options))).toEqual(want);
  });

  it("give way to those of the resource, and sets that are equal then are one", () => {
    const converted = convert({
      profiles: [
        profileSketch([
          { values: [1], attributeIndices: [1] },
          { values: [2], attributeIndices: [2] },
        ]),
      ],
      resource: [text("thread.name", "all")],
    });
    expect(linesOf(converted)).toEqual([
      "process_cpu:cpu:nanoseconds:cpu:nanoseconds {service_name=unknown_service thread.name=all} [=30]",
    ]);
  });

  it("find room before others where the number of labels is limited", () => {
    const resource = ["a", "b", "c"].map((key) => text(key, "1"));
    const limits = { ...DEFAULT_CONVERT_LIMITS, maxLabelNamesPerSeries: 5 };
    const converted = convert(
      { profiles: [profileSketch([{ values: [1], attributeIndices: [1] }])], resource },
      { limits },
    );
    expect(labelSets(converted)).toEqual(["{a=1 service_name=unknown_service thread.name=w-1}"]);
    expect(converted.counts.trimmedLabels).toBe(2);
  });
});

describe("rules of the tenant", () => {
  const profiles = [
    profileSketch([
      { values: [1], attributeIndices: [1] },
      { values: [2], attributeIndices: [2] },
      { values: [4] },
    ]),
    profileSketch([{ values: [8] }]),
  ];
  const has = (labels: Labels, value: string): boolean => labels.some((label) => label.value === value);

  it("change label sets, and sets that become equal are one", () => {
    const prepareLabels = (labels: Labels): Labels => labels.filter(({ name }) => name !== "thread.name");
    expect(linesOf(convert({ profiles }, { prepareLabels })).map((line) => line.split(" ").at(-1))).toEqual([
      "[=70]",
      "[=80]",
    ]);
  });

  it("drop label sets", () => {
    const prepareLabels = (labels: Labels): Labels | undefined => (has(labels, "w-1") ? undefined : labels);
    const converted = convert({ profiles }, { prepareLabels });
    expect(labelSets(converted)).toEqual([
      "{service_name=unknown_service thread.name=w-2}",
      "{service_name=unknown_service}",
      "{service_name=unknown_service}",
    ]);
    expect(converted.counts.relabelDroppedSamples).toBe(1);
  });

  it("refuse label sets, and with them their profile", () => {
    const refusal = { reason: "label_value_too_long", message: "too long" };
    const prepareLabels = (labels: Labels) => (has(labels, "w-2") ? refusal : labels);
    const converted = convert({ profiles }, { prepareLabels });
    expect(converted.rejections).toEqual([{ index: 0, ...refusal }]);
    expect(converted.profiles.map(({ index }) => index)).toEqual([1]);
  });
});

describe("buildServices", () => {
  it("makes rows by service that share the symbols", () => {
    const converted = convert({
      profiles: [
        profileSketch([
          { values: [1], attributeIndices: [4] },
          { values: [2], stackIndex: 3 },
        ]),
      ],
    });
    const services = buildServices(converted, { tenant: "anonymous", rules: { renameWallCpu: true } });
    expect(
      services.map(({ serviceName, profile }) => `${serviceName} ${profile.rows.total.low.join()}`),
    ).toEqual(["own 10", "unknown_service 20"]);
    expect(services.every(({ profile }) => profile.symbols === converted.symbols)).toBe(true);
    const [own, unknown] = services.map(({ profile }) => [...profile.rows.profileId]);
    expect(own).toEqual(unknown);
  });

  it("gives equal profiles of one export different ids", () => {
    const same = profileSketch([{ values: [1] }]);
    const [service] = buildServices(convert({ profiles: [same, same] }), {
      tenant: "anonymous",
      rules: { renameWallCpu: true },
    });
    const { profileId } = service!.profile.rows;
    expect(profileId.slice(0, 16)).not.toEqual(profileId.slice(16));
  });
});
