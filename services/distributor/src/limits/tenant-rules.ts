import type { RelabelRule } from "@hearth/labels";
import type { RelabelRule as ConfiguredRule, TenantLimits } from "@hearth/tenant-limits";
import type { PrepareLimits } from "../prepare/index.ts";
import type { RelabelConfig } from "../worker/relabeling.ts";

/** What a worker needs to know of a tenant's limits. */
export function prepareLimitsOf(limits: TenantLimits): PrepareLimits {
  return {
    labels: {
      maxLabelNamesPerSeries: limits.maxLabelNamesPerSeries,
      maxLabelNameLengthBytes: limits.maxLabelNameLengthBytes,
      maxLabelValueLengthBytes: limits.maxLabelValueLengthBytes,
    },
    disableLabelSanitization: limits.disableLabelSanitization,
    maxSessionsPerSeries: limits.maxSessionsPerSeries,
    maxProfileSizeBytes: limits.maxProfileSizeBytes,
    maxProfileStacktraceSamples: limits.maxProfileStacktraceSamples,
    maxProfileStacktraceSampleLabels: limits.maxProfileStacktraceSampleLabels,
    maxProfileStacktraceDepth: limits.maxProfileStacktraceDepth,
    maxProfileSymbolValueLengthBytes: limits.maxProfileSymbolValueLengthBytes,
    rejectOlderThanMs: limits.rejectOlderThanMs,
    rejectNewerThanMs: limits.rejectNewerThanMs,
    renameWallCpu: limits.relabelDefaultRulesPosition !== "disabled",
  };
}

/** The tenant's relabelling rules as a worker takes them: plain data, to be compiled there. */
export function relabelConfigOf(limits: TenantLimits): RelabelConfig {
  return {
    series: limits.relabelRules.map(toRule),
    defaultRules: limits.relabelDefaultRulesPosition,
    sampleTypes: limits.sampleTypeRelabelRules.map(toRule),
  };
}

/** From the spelling of Prometheus's YAML. */
function toRule(rule: ConfiguredRule): RelabelRule {
  return {
    action: rule.action,
    sourceLabels: rule.source_labels,
    separator: rule.separator,
    targetLabel: rule.target_label,
    regex: rule.regex,
    replacement: rule.replacement,
    modulus: rule.modulus,
  };
}
