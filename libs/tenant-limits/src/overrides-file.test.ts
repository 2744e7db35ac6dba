import { describe, expect, it } from "@jest/globals";
import { mergeOverrides, OverridesError, parseOverrides } from "./overrides-file.ts";

describe("parseOverrides", () => {
  it.each([
    { name: "an empty file", text: "", want: {} },
    { name: "no overrides", text: "overrides:\n", want: {} },
    { name: "a tenant without any", text: "overrides:\n  acme:\n", want: { acme: {} } },
    {
      name: "limits in the units of their keys",
      text: "overrides: { acme: { ingestion_rate_mb: 0.5, max_query_length: 2d, max_profile_size_bytes: 1MiB } }",
      want: { acme: { ingestionRateMb: 0.5, maxQueryLengthMs: 172_800_000, maxProfileSizeBytes: 1_048_576 } },
    },
    {
      name: "nested limits, also in the original's spelling",
      text: "overrides:\n  acme:\n    symbolizer: { enabled: true, maxsymbolsizebytes: 5 }",
      want: { acme: { symbolizerEnabled: true, symbolizerMaxSymbolSizeBytes: 5 } },
    },
    {
      name: "relabelling rules with their defaults",
      text: "overrides: { acme: { ingestion_relabeling_rules: [{ action: Drop, source_labels: [env], regex: dev }] } }",
      want: {
        acme: {
          relabelRules: [
            {
              action: "drop",
              source_labels: ["env"],
              regex: "dev",
              separator: ";",
              modulus: 0,
              target_label: "",
              replacement: "$1",
            },
          ],
        },
      },
    },
    {
      name: "a quota, sampling and groups",
      text: `overrides:
  acme:
    distributor_usage_groups: { web: '{namespace="web"}' }
    distributor_sampling: { usage_groups: { web: { probability: 0.25 } } }
    ingestion_limit: { period_type: hour, period_limit_mb: 10, limit_reached: true }`,
      want: {
        acme: {
          usageGroups: { web: '{namespace="web"}' },
          samplingRules: { usage_groups: { web: { probability: 0.25 } } },
          ingestionLimit: {
            period_type: "hour",
            period_limit_mb: 10,
            limit_reset_time: 0,
            limit_reached: true,
            sampling: { num_requests: 0, period: "0s" },
            usage_groups: {},
          },
        },
      },
    },
    {
      name: "limits of the original that mean nothing here are passed over",
      text: "overrides: { acme: { max_global_series_per_tenant: 9, compactor_split_groups: 2 } }",
      want: { acme: {} },
    },
    { name: "a tenant called by a number", text: "overrides: { 1218: {} }", want: { 1218: {} } },
  ])("reads $name", ({ text, want }) => {
    expect(Object.fromEntries(parseOverrides("o.yaml", text))).toEqual(want);
  });

  it.each([
    {
      name: "an unknown key",
      text: "overrides:\n  acme:\n    ingestion_rat_mb: 1",
      want: "o.yaml:3:5: unknown key limits.ingestion_rat_mb",
    },
    { name: "another section", text: "limits: {}", want: "o.yaml:1:1: unknown key limits" },
    {
      name: "a bad value",
      text: "overrides: { acme: { max_query_length: long } }",
      want: "limits.max_query_length must be a duration",
    },
    { name: "a list of tenants", text: "overrides: [acme]", want: "overrides must be a mapping" },
    {
      name: "a tenant that is a text",
      text: "overrides: { acme: x }",
      want: "the overrides of acme must be a mapping",
    },
    { name: "no YAML", text: "overrides: {", want: "o.yaml:1:" },
    {
      name: "a sample type rule that replaces",
      text: "overrides: { acme: { sample_type_relabeling_rules: [{ action: replace }] } }",
      want: "0.action: must be keep or drop",
    },
    {
      name: "a reserved group",
      text: "overrides: { acme: { distributor_usage_groups: { other: '{}' } } }",
      want: "the group other is reserved",
    },
    {
      name: "a group whose selector is none, naming tenant and group",
      text: "overrides: { acme: { distributor_usage_groups: { web: '{' } } }",
      want: "limits.distributor_usage_groups web: 1:2: parse error: unexpected end of input inside braces (tenant acme)",
    },
    {
      name: "a group whose name no template can be",
      text: "overrides: { acme: { distributor_usage_groups: { '${service}': '{}' } } }",
      want: "limits.distributor_usage_groups ${service}: only ${labels.name} can stand in a template",
    },
    {
      name: "more groups than a tenant may have",
      text: `overrides: { acme: { distributor_usage_groups: { ${groupsOf(51)} } } }`,
      want: "must be at most 50 groups",
    },
    {
      name: "a probability above one",
      text: "overrides: { acme: { distributor_sampling: { usage_groups: { a: { probability: 1.5 } } } } }",
      want: "usage_groups.a.probability",
    },
  ])("refuses $name", ({ text, want }) => {
    const read = (): unknown => parseOverrides("o.yaml", text);
    expect(read).toThrow(OverridesError);
    expect(read).toThrow(want);
  });
});

function groupsOf(count: number): string {
  return Array.from({ length: count }, (_, index) => `g${index}: '{}'`).join(", ");
}

describe("mergeOverrides", () => {
  it("lets the last file win, limit by limit", () => {
    const first = parseOverrides(
      "1",
      "overrides: { a: { ingestion_rate_mb: 1, max_query_length: 1h }, b: {} }",
    );
    const second = parseOverrides(
      "2",
      "overrides: { a: { ingestion_rate_mb: 2 }, c: { ingestion_rate_mb: 3 } }",
    );
    expect(Object.fromEntries(mergeOverrides([first, second]))).toEqual({
      a: { ingestionRateMb: 2, maxQueryLengthMs: 3_600_000 },
      b: {},
      c: { ingestionRateMb: 3 },
    });
  });
});
