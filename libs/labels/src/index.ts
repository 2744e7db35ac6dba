export { compareBytes } from "./compare-bytes.ts";
export { fingerprint } from "./fingerprint.ts";
export { goQuote } from "./go-quote.ts";
export {
  compareLabels,
  formatLabels,
  labelSet,
  labelValue,
  sortLabels,
  storedLabels,
  withLabels,
} from "./label-set.ts";
export type { Label, Labels } from "./label.ts";
export { parseLabelTemplate, type LabelTemplate } from "./label-template.ts";
export { createMatcher, isClassicLabelName, type Matcher, type MatchOperator } from "./matcher.ts";
export { compilePattern, type TextPredicate } from "./pattern.ts";
export { formatProfileType, parseProfileType, type ProfileType } from "./profile-type.ts";
export {
  createRelabeler,
  withDefaultRules,
  type DefaultRulesPosition,
  type RelabelAction,
  type Relabeler,
  type RelabelRule,
} from "./relabel.ts";
export { parseSelector } from "./selector.ts";
export { reduceSessionId } from "./session-id.ts";
export {
  isLabelViolation,
  sanitizeLabels,
  validateLabels,
  type LabelLimits,
  type LabelReason,
  type LabelViolation,
} from "./validate-labels.ts";
