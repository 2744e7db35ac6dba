import { formatLabels, labelValue, sortLabels } from "./label-set.ts";
import type { Label } from "./label.ts";

export interface LabelLimits {
  /** Counts all labels, `__name__` among them. */
  readonly maxLabelNamesPerSeries: number;
  readonly maxLabelNameLengthBytes: number;
  readonly maxLabelValueLengthBytes: number;
}

/** `reason` of the counters of discarded profiles. */
export type LabelReason =
  | "missing_labels"
  | "invalid_labels"
  | "max_label_names_per_series"
  | "label_name_too_long"
  | "label_value_too_long"
  | "duplicate_label_names";

/** Why a label set is refused, in the words clients know. */
export interface LabelViolation {
  readonly reason: LabelReason;
  readonly message: string;
}

/**
 * The first rule that a label set breaks, in the order in which clients are told.
 *
 * @param labels - sorted by {@link sortLabels}, repeated names still in it.
 */
export function validateLabels(labels: readonly Label[], limits: LabelLimits): LabelViolation | undefined {
  if (labels.length === 0) {
    return violation("missing_labels", "error at least one label pair is required per profile");
  }
  return validateSet(labels, limits) ?? validateEach(labels, limits);
}

/**
 * Label names with dots replaced by underscores, for tenants whose tools know only classic names. Names that become
 * equal are one label when their values are.
 *
 * @returns the labels, sorted, or the rule that they break: another character, or two values for one name.
 */
export function sanitizeLabels(labels: readonly Label[]): readonly Label[] | LabelViolation {
  const values = new Map<string, string>();
  const sanitized: Label[] = [];
  for (const { name, value } of labels) {
    if (!SANITIZABLE_NAME.test(name)) return invalidName(labels, name);
    const newName = name.replaceAll(".", "_");
    const known = values.get(newName);
    if (known === undefined) sanitized.push({ name: newName, value });
    else if (known !== value) return clash(labels, { name, newName });
    values.set(newName, value);
  }
  return sortLabels(sanitized);
}

/** Whether {@link sanitizeLabels} refused. */
export function isLabelViolation(result: readonly Label[] | LabelViolation): result is LabelViolation {
  return "reason" in result;
}

const SANITIZABLE_NAME = /^[A-Za-z_.][A-Za-z0-9_.]*$/;

function validateSet(labels: readonly Label[], limits: LabelLimits): LabelViolation | undefined {
  if (labels.length > limits.maxLabelNamesPerSeries) {
    return violation(
      "max_label_names_per_series",
      `profile series '${formatLabels(labels)}' has ${labels.length} label names; limit ${limits.maxLabelNamesPerSeries}`,
    );
  }
  if (!isText(labelValue(labels, "__name__"))) {
    return violation(
      "invalid_labels",
      `invalid labels '${formatLabels(labels)}' with error: invalid metric name`,
    );
  }
  if (labelValue(labels, "service_name") === "") {
    return violation(
      "missing_labels",
      `invalid labels '${formatLabels(labels)}' with error: service name is not provided`,
    );
  }
  return undefined;
}

function validateEach(labels: readonly Label[], limits: LabelLimits): LabelViolation | undefined {
  let lastName: string | undefined;
  for (const label of labels) {
    const broken = validateLabel(labels, label, limits);
    if (broken) return broken;
    if (label.name === lastName) {
      return violation(
        "duplicate_label_names",
        `profile with labels '${formatLabels(labels)}' has duplicate label name: '${label.name}'`,
      );
    }
    lastName = label.name;
  }
  return undefined;
}

function validateLabel(
  labels: readonly Label[],
  { name, value }: Label,
  limits: LabelLimits,
): LabelViolation | undefined {
  if (isLonger(name, limits.maxLabelNameLengthBytes)) {
    return violation(
      "label_name_too_long",
      `profile with labels '${formatLabels(labels)}' has label name too long: '${name}'`,
    );
  }
  if (isLonger(value, limits.maxLabelValueLengthBytes)) {
    return violation(
      "label_value_too_long",
      `profile with labels '${formatLabels(labels)}' has label value too long: '${value}'`,
    );
  }
  if (!isText(name)) return invalidName(labels, name);
  if (!value.isWellFormed()) {
    return violation(
      "invalid_labels",
      `invalid labels '${formatLabels(labels)}' with error: invalid label value '${value.toWellFormed()}'`,
    );
  }
  return undefined;
}

function invalidName(labels: readonly Label[], name: string): LabelViolation {
  return violation(
    "invalid_labels",
    `invalid labels '${formatLabels(labels)}' with error: invalid label name '${name.toWellFormed()}'`,
  );
}

function clash(labels: readonly Label[], names: { name: string; newName: string }): LabelViolation {
  return violation(
    "duplicate_label_names",
    `profile with labels '${formatLabels(labels)}' has duplicate label name '${names.newName}' ` +
      `after label name sanitization from '${names.name}'`,
  );
}

/** Not empty, and writable as UTF-8. */
function isText(text: string): boolean {
  return text !== "" && text.isWellFormed();
}

function isLonger(text: string, limitBytes: number): boolean {
  // A UTF-16 unit is at most three bytes.
  return text.length * 3 > limitBytes && Buffer.byteLength(text) > limitBytes;
}

function violation(reason: LabelReason, message: string): LabelViolation {
  return { reason, message };
}
