import { parseMetastoreSnapshotKey } from "@hearth/object-store";

export interface StoredCopy {
  readonly key: string;
  readonly modifiedUnixMs: number;
}

/**
 * Which copies of a cluster's snapshots go, so that the newest `retain` stay. Newest is what was stored last, not what has
 * the highest index: a cluster that was begun anew under the same name counts from 1 again.
 *
 * @param copies - what lies in the folder of the cluster; what is no copy is left alone.
 * @param justStored - key of a copy that stays in any case.
 */
export function copiesToRemove(
  copies: readonly StoredCopy[],
  { retain, justStored }: { readonly retain: number; readonly justStored: string },
): string[] {
  const others = copies.flatMap(({ key, modifiedUnixMs }) => {
    const place = parseMetastoreSnapshotKey(key);
    return place && key !== justStored ? [{ key, modifiedUnixMs, ...place }] : [];
  });
  const newestFirst = others.toSorted(
    (a, b) => b.modifiedUnixMs - a.modifiedUnixMs || b.index - a.index || b.term - a.term,
  );
  return newestFirst.slice(Math.max(0, retain - 1)).map(({ key }) => key);
}
