import type { RowColumns } from "@hearth/profile";
import type { SeriesIndex } from "@hearth/series-index";
import { finish, mix, SlotTable } from "@hearth/symbols";

/** Rows of the given series within `[startMs, endMs]`, to the nanosecond. */
export function selectRows(
  rows: RowColumns,
  series: Uint32Array,
  seriesCount: number,
  range: { startMs: number; endMs: number },
): Uint32Array {
  const isSelected = new Uint8Array(seriesCount);
  for (const i of series) isSelected[i] = 1;
  const selected = new Uint32Array(rows.count);
  let count = 0;
  for (let row = 0; row < rows.count; row++) {
    const time = rows.timeMs[row]!;
    if (isSelected[rows.series[row]!] === 0 || time < range.startMs || time > range.endMs) continue;
    if (time === range.endMs && rows.timeRestNanos[row]! > 0) continue;
    selected[count++] = row;
  }
  return selected.subarray(0, count);
}

/** Keeps the rows of these profiles; ids are 16 bytes each. */
export function selectProfiles(
  rows: RowColumns,
  selected: Uint32Array,
  profileIds: readonly Uint8Array[],
): Uint32Array {
  if (profileIds.length === 0) return selected;
  const matches = (row: number): boolean =>
    profileIds.some((id) => sameBytes(id, 0, rows.profileId, row * 16, 16));
  return selected.filter(matches);
}

/**
 * Remembers rows by (tenant, fingerprint of the series, time, profile id) over all datasets of a leaf, so that a
 * profile that was stored twice, because its push was repeated, counts once.
 */
export class RepeatFilter {
  readonly #table = new SlotTable(256);
  readonly #seen: { tenant: string; fingerprint: bigint; rows: RowColumns; row: number }[] = [];

  /** @returns those of `selected` that did not come before. */
  newRows(tenant: string, index: SeriesIndex, rows: RowColumns, selected: Uint32Array): Uint32Array {
    return selected.filter((row) => this.#isNew(tenant, index.fingerprints[rows.series[row]!]!, rows, row));
  }

  #isNew(tenant: string, fingerprint: bigint, rows: RowColumns, row: number): boolean {
    const hash = identityHash(fingerprint, rows, row);
    const known = this.#table.find(hash, (id) => {
      const seen = this.#seen[id]!;
      return (
        seen.fingerprint === fingerprint &&
        seen.tenant === tenant &&
        seen.rows.timeMs[seen.row] === rows.timeMs[row] &&
        seen.rows.timeRestNanos[seen.row] === rows.timeRestNanos[row] &&
        sameBytes(seen.rows.profileId, seen.row * 16, rows.profileId, row * 16, 16)
      );
    });
    if (known >= 0) return false;
    this.#table.add(hash);
    this.#seen.push({ tenant, fingerprint, rows, row });
    return true;
  }
}

function identityHash(fingerprint: bigint, { profileId, timeMs }: RowColumns, row: number): number {
  const at = row * 16;
  const word =
    profileId[at]! | (profileId[at + 1]! << 8) | (profileId[at + 2]! << 16) | (profileId[at + 3]! << 24);
  return finish(mix(mix(mix(0, word), timeMs[row]! | 0), Number(fingerprint & 0xffffffffn)));
}

/** Whether `length` bytes from `aStart` and from `bStart` on are equal. */
export function sameBytes(
  a: Uint8Array,
  aStart: number,
  b: Uint8Array,
  bStart: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}
