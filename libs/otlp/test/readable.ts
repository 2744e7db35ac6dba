import { exactToBigInt } from "@hearth/exact-integers";
import type { SampleGroup } from "@hearth/profile";
import { stringAt, type Symbols } from "@hearth/symbols";
import type { ConvertedExport, ConvertedProfile } from "../src/index.ts";

/** `name:type:unit:period type:period unit` of a profile, the name that of its first group. */
export function typeOf({ head, groups }: ConvertedProfile): string {
  const [sampleType] = head.sampleTypes;
  const { type = "", unit = "" } = head.periodType ?? {};
  const name = groups[0]?.labels.find((label) => label.name === "__name__")?.value;
  return `${name}:${sampleType?.type}:${sampleType?.unit}:${type}:${unit}`;
}

/** `{name=value …}` of a group, without the names given. */
export function labelsOf({ labels }: Pick<SampleGroup, "labels">, ...without: readonly string[]): string {
  const shown = labels.filter(({ name }) => !without.includes(name));
  return `{${shown.map(({ name, value }) => `${name}=${value}`).join(" ")}}`;
}

/** `root;…;leaf=value` of each sample of a group, with `@span` where it has one. */
export function samplesOf(symbols: Symbols, group: SampleGroup): string[] {
  return Array.from({ length: group.count }, (_, i) => {
    const span = group.spanId?.subarray(i * 8, i * 8 + 8);
    const hasSpan = span?.some((byte) => byte !== 0) === true;
    const value = exactToBigInt(group.values[0]!, i);
    return `${framesOf(symbols, group.stacktrace[i]!).join(";")}=${value}${hasSpan ? `@${Buffer.from(span).toString("hex")}` : ""}`;
  });
}

/** Function names of a stack trace, root first; an address in hex where there is no function. */
export function framesOf(
  { strings, functions, locations, lines, stacktraces }: Symbols,
  stacktrace: number,
): string[] {
  const leafFirst: string[] = [];
  for (let at = stacktrace; at !== 0; at = stacktraces.parent[at]!) {
    const location = stacktraces.location[at]!;
    const first = locations.firstLine[location]!;
    const end = locations.firstLine[location + 1]!;
    if (first === end) leafFirst.push(`0x${locations.addressLow[location]!.toString(16)}`);
    for (let line = first; line < end; line++) {
      leafFirst.push(stringAt(strings, functions.name[lines.functionIndex[line]!]!));
    }
  }
  return leafFirst.reverse();
}

/** All groups of an export as `type {labels} [samples]`, `__name__` and `__otel__` left out. */
export function linesOf({ profiles, symbols }: ConvertedExport): string[] {
  return profiles.flatMap((profile) =>
    profile.groups.map((group) => {
      const labels = labelsOf(group, "__name__", "__otel__");
      return `${typeOf(profile)} ${labels} [${samplesOf(symbols, group).join(" ")}]`;
    }),
  );
}
