import type { Label, Labels } from "@hearth/labels";

import type { Series } from "./profile-columns.ts";
import { xxHash64 } from "./xx-hash.ts";

export interface TypeAndUnit {
  readonly type: string;
  readonly unit: string;
}

/** What a series' samples count. */
export interface SeriesType {
  readonly sampleType: TypeAndUnit;
  /** Absent: the two last parts of the profile type are empty. */
  readonly periodType: TypeAndUnit | undefined;
}

export interface SeriesLabelRules {
  /**
   * Whether CPU time in a profile of wall time (`wall`, sample type `cpu`, as Node.js agents send) becomes
   * `process_cpu`, with the old name in `__name_replaced__`: one of the default relabelling rules.
   */
  readonly renameWallCpu: boolean;
}

const FIRST_NAMES = ["__profile_type__", "__service_name__"];
const SEPARATOR = 0xff;

/**
 * The series of one sample type of a label set: with the labels of its type, without `__delta__`, in the stored order
 * (`__profile_type__`, `__service_name__`, then by the bytes of the name), and its fingerprint.
 *
 * @param labels - of the profile, names distinct; what they say about the type is replaced.
 */
export function seriesOf(labels: Labels, type: SeriesType, rules: SeriesLabelRules): Series {
  const stored = withTypeLabels(labels, type, rules);
  return { labels: stored, fingerprint: fingerprintOf(stored) };
}

function withTypeLabels(
  labels: Labels,
  { sampleType, periodType }: SeriesType,
  rules: SeriesLabelRules,
): Labels {
  const values = new Map(labels.map(({ name, value }) => [name, value]));
  if (rules.renameWallCpu && values.get("__name__") === "wall" && sampleType.type === "cpu") {
    values.set("__name__", "process_cpu").set("__name_replaced__", "wall");
  }
  const period = periodType ?? { type: "", unit: "" };
  const typeParts = [
    values.get("__name__") ?? "",
    sampleType.type,
    sampleType.unit,
    period.type,
    period.unit,
  ];
  values.set("__profile_type__", typeParts.join(":"));
  values.set("__service_name__", values.get("service_name") ?? "");
  values.set("__type__", sampleType.type).set("__unit__", sampleType.unit);
  values.set("__period_type__", period.type).set("__period_unit__", period.unit);
  values.delete("__delta__");
  const stored: Label[] = [];
  for (const [name, value] of values) if (value !== "") stored.push({ name, value });
  return stored.sort((a, b) => compareStored(a.name, b.name));
}

function compareStored(a: string, b: string): number {
  return rank(a) - rank(b) || compareBytes(a, b);
}

function rank(name: string): number {
  const index = FIRST_NAMES.indexOf(name);
  return index < 0 ? FIRST_NAMES.length : index;
}

/** Orders strings by the bytes of their UTF-8. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return byteRank(left) - byteRank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for the code points above all others, but lie below 0xe000 themselves. */
function byteRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit;
}

let scratch: Buffer<ArrayBuffer> = Buffer.alloc(4096);

/** xxHash64 over `name 0xff value 0xff …`, labels in the stored order. */
export function fingerprintOf(labels: Labels): bigint {
  return xxHash64(encodeLabels(labels));
}

/** `name 0xff value 0xff …`; a view, valid until the next call. */
export function encodeLabels(labels: Labels): Uint8Array {
  let position = 0;
  for (const { name, value } of labels) {
    reserve(position + 3 * (name.length + value.length) + 2);
    position += scratch.write(name, position);
    scratch[position++] = SEPARATOR;
    position += scratch.write(value, position);
    scratch[position++] = SEPARATOR;
  }
  return scratch.subarray(0, position);
}

function reserve(sizeBytes: number): void {
  if (sizeBytes <= scratch.length) return;
  const larger = Buffer.alloc(sizeBytes * 2);
  larger.set(scratch);
  scratch = larger;
}
