import { encodeProfileColumns, type ProfileColumns } from "@hearth/profile";

/** Columns of one service, encoded, so that they move between threads and processes without being touched. */
export interface EncodedService {
  readonly serviceName: string;
  /** xxHash64 of the labels of the first series: which shard of the service it goes to. */
  readonly fingerprint: bigint;
  readonly rowCount: number;
  readonly columns: Uint8Array<ArrayBuffer>;
}

/** Services without a row are left out. */
export function encodeServices(
  services: readonly { readonly serviceName: string; readonly profile: ProfileColumns }[],
): EncodedService[] {
  return services
    .filter(({ profile }) => profile.rows.count > 0)
    .map(({ serviceName, profile }) => ({
      serviceName,
      fingerprint: profile.series[0]?.fingerprint ?? 0n,
      rowCount: profile.rows.count,
      columns: encodeProfileColumns(profile),
    }));
}

/** The memory to move. */
export function buffersOf(services: readonly EncodedService[]): ArrayBuffer[] {
  return services.map(({ columns }) => columns.buffer);
}
