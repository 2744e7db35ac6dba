/** A profile in protobuf's JSON, as far as it is compared. Absent numbers are 0. */
export interface PprofJson {
  readonly sampleType?: readonly ValueType[];
  readonly sample?: readonly Sample[];
  readonly mapping?: readonly (Numbered & { readonly filename?: Index; readonly buildId?: Index })[];
  readonly location?: readonly Location[];
  readonly function?: readonly (Numbered & { readonly name?: Index; readonly filename?: Index })[];
  readonly stringTable?: readonly string[];
  readonly timeNanos?: string;
  readonly durationNanos?: string;
  readonly periodType?: ValueType;
  readonly period?: string;
}

type Index = string | number;

interface Numbered {
  readonly id: Index;
}

interface ValueType {
  readonly type?: Index;
  readonly unit?: Index;
}

interface Sample {
  readonly locationId?: readonly Index[];
  readonly value?: readonly Index[];
  readonly label?: readonly { readonly key?: Index; readonly str?: Index; readonly num?: Index }[];
}

interface Location extends Numbered {
  readonly mappingId?: Index;
  readonly address?: Index;
  readonly line?: readonly { readonly functionId?: Index; readonly line?: Index }[];
}

/** A profile's meaning: samples as sorted rows `labels | leaf ; … ; root | values`, free of ids and table orders. */
export function pprofMeaning(profile: PprofJson): unknown {
  const text = (index: Index = 0): string => profile.stringTable?.[Number(index)] ?? "";
  const type = ({ type, unit }: ValueType = {}): string => `${text(type)}/${text(unit)}`;
  const frame = frameTexts(profile, text);
  const { period, timeNanos, durationNanos } = profile;
  return {
    sampleTypes: (profile.sampleType ?? []).map(type),
    periodType: type(profile.periodType),
    period,
    timeNanos,
    durationNanos,
    samples: (profile.sample ?? [])
      .map(({ label = [], locationId = [], value = [] }) => {
        const labels = label.map(({ key, str, num }) => `${text(key)}=${text(str) || num}`).sort();
        return `${labels.join(",")} | ${locationId.map(frame).join(" ; ")} | ${value.join(" ")}`;
      })
      .sort(),
  };
}

/** Writes a location: its lines, innermost first, and its mapping. */
function frameTexts(profile: PprofJson, text: (index?: Index) => string): (id: Index) => string {
  const functions = byId(profile.function);
  const locations = byId(profile.location);
  const mappings = byId(profile.mapping);
  return (id) => {
    const { address = 0, line = [], mappingId = 0 } = locations.get(String(id)) ?? { id };
    const lines = line.map(({ functionId = 0, line: number = 0 }) => {
      const { name, filename } = functions.get(String(functionId)) ?? {};
      return `${text(name)}:${number}@${text(filename)}`;
    });
    const mapping = mappings.get(String(mappingId));
    const place = mapping === undefined ? "" : `[${text(mapping.filename)} ${text(mapping.buildId)}]`;
    return `${lines.join("<") || `0x${BigInt(address).toString(16)}`}${place}`;
  };
}

function byId<T extends Numbered>(list: readonly T[] = []): Map<string, T> {
  return new Map(list.map((item) => [String(item.id), item]));
}
