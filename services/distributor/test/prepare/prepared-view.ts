import { exactToBigInt } from "@hearth/exact-integers";
import type { Label } from "@hearth/labels";
import type { ProfileColumns } from "@hearth/profile";
import { checkSymbols, stringAt, type Symbols } from "@hearth/symbols";

import {
  preparePprof,
  type PrepareInput,
  type PreparedProfile,
  type PrepareLimits,
  type Relabeling,
} from "../../src/prepare/index.ts";

/** Prepared profiles as plain objects, and inputs with defaults: what the tests of this folder are written in. */

export const defaultLimits: PrepareLimits = {
  labels: { maxLabelNamesPerSeries: 30, maxLabelNameLengthBytes: 1024, maxLabelValueLengthBytes: 2048 },
  disableLabelSanitization: true,
  maxSessionsPerSeries: 0,
  maxProfileSizeBytes: 4 << 20,
  maxProfileStacktraceSamples: 16_000,
  maxProfileStacktraceSampleLabels: 100,
  maxProfileStacktraceDepth: 1000,
  maxProfileSymbolValueLengthBytes: 65_535,
  rejectOlderThanMs: 3_600_000,
  rejectNewerThanMs: 600_000,
  renameWallCpu: true,
};

export const nowNanos = 1_795_405_220_000_000_000n;

export function labelsOf(set: Readonly<Record<string, string>>): Label[] {
  return Object.entries(set).map(([name, value]) => ({ name, value }));
}

export interface InputChanges extends Partial<Omit<PrepareInput, "labels" | "limits">> {
  readonly labels?: Readonly<Record<string, string>> | readonly Label[];
  readonly limits?: Partial<PrepareLimits>;
}

export function inputOf(body: Uint8Array, changes: InputChanges = {}): PrepareInput {
  const labels = changes.labels ?? { __name__: "process_cpu", service_name: "shop" };
  return {
    tenant: "acme",
    nowNanos,
    ...changes,
    body,
    labels: Array.isArray(labels) ? labels : labelsOf(labels as Readonly<Record<string, string>>),
    limits: { ...defaultLimits, ...changes.limits },
  };
}

/** What a profile was prepared to. Fails when it was refused, or when the result is not whole. */
export function prepared(
  body: Uint8Array,
  changes: InputChanges = {},
  relabeling: Relabeling = {},
): PreparedProfile {
  const outcome = preparePprof(inputOf(body, changes), relabeling);
  if (outcome.type === "rejected") throw new Error(`refused: ${outcome.reason}: ${outcome.message}`);
  for (const { profile } of outcome.services) checkSymbols(profile.symbols);
  return outcome;
}

/** Why a profile was refused, as `reason: message`. */
export function rejection(body: Uint8Array, changes: InputChanges = {}, relabeling: Relabeling = {}): string {
  const outcome = preparePprof(inputOf(body, changes), relabeling);
  return outcome.type === "rejected" ? `${outcome.reason}: ${outcome.message}` : "accepted";
}

/** A stored row. */
export interface RowView {
  /** Labels but for those of the type, as `name=value` in the stored order. */
  readonly labels: string;
  readonly profileType: string;
  /** `leaf;…;root` with its value, and span and trace in hex behind it. */
  readonly samples: Readonly<Record<string, bigint>>;
}

const TYPE_LABELS = new Set([
  "__profile_type__",
  "__service_name__",
  "__type__",
  "__unit__",
  "__period_type__",
  "__period_unit__",
]);

export function rowsOf({ services }: PreparedProfile): RowView[] {
  return services.flatMap(({ profile }) =>
    Array.from({ length: profile.rows.count }, (_, row) => rowView(profile, row)),
  );
}

function rowView({ series, rows, samples, symbols }: ProfileColumns, row: number): RowView {
  const { labels } = series[rows.series[row]!]!;
  const view: Record<string, bigint> = {};
  let total = 0n;
  for (let at = rows.firstSample[row]!; at < rows.firstSample[row + 1]!; at++) {
    const ids = [
      samples.spanId?.subarray(8 * at, 8 * at + 8),
      samples.traceId?.subarray(16 * at, 16 * at + 16),
    ];
    const key = [stackOf(symbols, samples.stacktrace[at]!), ...ids.map(hexOrNothing)]
      .filter((part) => part !== "")
      .join(" ");
    if (key in view) throw new Error(`sample comes twice in a row: ${key}`);
    view[key] = exactToBigInt(samples.value, at);
    total += view[key];
  }
  if (exactToBigInt(rows.total, row) !== total)
    throw new Error("total of a row is not the sum of its samples");
  return {
    labels: labels
      .filter(({ name }) => !TYPE_LABELS.has(name))
      .map(({ name, value }) => `${name}=${value}`)
      .join(" "),
    profileType: labels.find(({ name }) => name === "__profile_type__")?.value ?? "",
    samples: view,
  };
}

function hexOrNothing(id: Uint8Array | undefined): string {
  return id === undefined || id.every((byte) => byte === 0) ? "" : Buffer.from(id).toString("hex");
}

/** Names of the functions, leaf first, inlined calls as frames of their own; an address where there is no function. */
export function stackOf(symbols: Symbols, stacktrace: number): string {
  const { stacktraces, locations, lines, functions, strings } = symbols;
  const frames: string[] = [];
  for (let node = stacktrace; node !== 0; node = stacktraces.parent[node]!) {
    const location = stacktraces.location[node]!;
    const first = locations.firstLine[location]!;
    const end = locations.firstLine[location + 1]!;
    if (first === end) frames.push(`0x${locations.addressLow[location]!.toString(16)}`);
    for (let line = first; line < end; line++) {
      frames.push(stringAt(strings, functions.name[lines.functionIndex[line]!]!));
    }
  }
  return frames.join(";");
}
