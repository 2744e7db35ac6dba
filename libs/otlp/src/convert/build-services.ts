import { profileIdOf, RowBuilder, type ProfileColumns, type SeriesLabelRules } from "@hearth/profile";
import type { ConvertedExport, ConvertedProfile } from "./converted-export.ts";

export interface ServiceColumns {
  /** The label `service_name` of all its series. */
  readonly serviceName: string;
  readonly profile: ProfileColumns;
}

export interface BuildServicesOptions {
  readonly tenant: string;
  readonly rules: SeriesLabelRules;
}

/** Makes rows of an export, one set of columns for each service. All share the symbols, of which each uses a part. */
export function buildServices(
  { profiles, symbols }: Pick<ConvertedExport, "profiles" | "symbols">,
  { tenant, rules }: BuildServicesOptions,
): readonly ServiceColumns[] {
  const builders = new Map<string, RowBuilder>();
  for (const profile of profiles)
    addProfile(profile, tenant, (service) => builderOf(builders, service, rules));
  return Array.from(builders, ([serviceName, builder]) => ({ serviceName, profile: builder.build(symbols) }));
}

function addProfile(
  { head, payload, groups }: ConvertedProfile,
  tenant: string,
  builderOfService: (service: string) => RowBuilder,
): void {
  // The payload says what the labels would: which resource and scope the profile is of.
  const profileId = profileIdOf({ tenant, labels: [], timeNanos: head.timeNanos, payload });
  for (const group of groups) {
    const service = group.labels.find(({ name }) => name === "service_name")?.value ?? "";
    builderOfService(service).add({ ...head, profileId }, group);
  }
}

function builderOf(builders: Map<string, RowBuilder>, service: string, rules: SeriesLabelRules): RowBuilder {
  let builder = builders.get(service);
  if (builder === undefined) builders.set(service, (builder = new RowBuilder(rules)));
  return builder;
}
