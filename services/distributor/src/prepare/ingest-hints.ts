import { labelValue, type Label } from "@hearth/labels";
import type { PprofProfile } from "@hearth/pprof";

import type { IngestHints } from "./prepare-input.ts";
import type { WorkingProfile } from "./working-profile.ts";

/** What `/ingest` does to a pprof before it is a push like any other: names, times and quirks of old agents. */

const NANOS_OF_1970 = 365n * 86_400n * 1_000_000_000n;
const SCRIPTING_SPIES = new Set(["pyspy", "rbspy", "scripting"]);

/** Holds when the client posts no `sample_type_config`. */
const DEFAULT_DISPLAY_NAMES: ReadonlyMap<string, string> = new Map([
  ["samples", "cpu"],
  ["goroutine", "goroutines"],
  ["contentions", "mutex_count"],
  ["delay", "mutex_duration"],
]);

/** Tried in this order on each sample type. */
const PROFILE_NAMES: readonly { readonly name: string; readonly matches: (type: string) => boolean }[] = [
  { name: "process_cpu", matches: (type) => type.includes("cpu") },
  {
    name: "memory",
    matches: (type) =>
      type.includes("alloc_") || type.includes("inuse_") || type === "space" || type === "objects",
  },
  { name: "mutex", matches: (type) => type.includes("mutex_") },
  { name: "block", matches: (type) => type.includes("block_") },
  { name: "goroutines", matches: (type) => type.includes("goroutines") },
];

/** A .NET agent, which needs `repairFunctionIds` of `decodePprof` and has dashes in its sample types. */
export function isDotnet(hints: IngestHints): boolean {
  if (hints.spyName === "dotnetspy") return true;
  return hints.spyName === "unknown" && hints.sampleTypeConfig?.has("inuse-space") === true;
}

/** The time of the request stands in for one that the agent did not set. */
export function timeOrFrom(timeNanos: bigint, hints: IngestHints): bigint {
  return timeNanos >= 0n && timeNanos < NANOS_OF_1970 ? hints.fromNanos : timeNanos;
}

/** Mends what some agents write; the name of the profile is guessed after it. */
export function applyIngestHints(profile: WorkingProfile, hints: IngestHints): void {
  if (SCRIPTING_SPIES.has(hints.spyName)) putFilesIntoNames(profile, hints.spyName);
  if (isDotnet(hints)) replaceDashes(profile);
}

/** Functions of scripting languages become `<file> <function>`. */
function putFilesIntoNames(profile: WorkingProfile, spyName: string): void {
  const { functions, lines }: PprofProfile = profile.pprof;
  const used = new Set(lines.functionIndex);
  for (let index = 1; index < functions.count; index++) {
    if (!used.has(index) || !isInRange(profile, functions.name[index]!, functions.filename[index]!)) continue;
    const filename = profile.text(functions.filename[index]!);
    if (spyName === "pyspy" && filename.startsWith("/")) continue;
    const name = `${filename} ${profile.text(functions.name[index]!)}`;
    functions.name[index] = profile.addString(Buffer.from(name, "utf8"));
    profile.hasEqualSymbols = true;
  }
}

function replaceDashes(profile: WorkingProfile): void {
  for (const { type } of profile.pprof.sampleTypes) {
    if (!isInRange(profile, type)) continue;
    const name = profile.text(type);
    if (name.includes("-")) profile.replaceString(type, Buffer.from(name.replaceAll("-", "_"), "utf8"));
  }
}

/** What is out of range is refused later, by name. */
function isInRange(profile: WorkingProfile, ...indexes: readonly number[]): boolean {
  return indexes.every((index) => index < profile.stringCount);
}

/** Labels with a `__name__`: the client's, else one that follows from the sample types. */
export function withProfileName(
  labels: readonly Label[],
  profile: WorkingProfile,
  hints: IngestHints,
): readonly Label[] {
  if (labelValue(labels, "__name__") !== "") return labels;
  const types = profile.pprof.sampleTypes
    .filter(({ type }) => isInRange(profile, type))
    .map(({ type }) => profile.text(type));
  return [...labels, { name: "__name__", value: profileName(types, hints) }];
}

/** @returns empty when there are no sample types. */
export function profileName(
  types: readonly string[],
  { sampleTypeConfig }: Pick<IngestHints, "sampleTypeConfig">,
): string {
  if (types.includes("wall")) return "wall";
  const displayName = (type: string): string =>
    (sampleTypeConfig === undefined
      ? DEFAULT_DISPLAY_NAMES.get(type)
      : sampleTypeConfig.get(type)?.displayName) ?? type;
  const shown = types.map(displayName);
  for (const type of shown) {
    const known = PROFILE_NAMES.find(({ matches }) => matches(type));
    if (known !== undefined) return known.name;
  }
  return shown.at(-1) ?? "";
}
