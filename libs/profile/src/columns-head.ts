import { ColumnReader } from "./encode-profile-columns.ts";
import { readFingerprints } from "./encode-series.ts";

/** What can be told of encoded columns without decoding them. */
export interface ColumnsHead {
  /** Of each series. */
  readonly fingerprints: readonly bigint[];
  /** Of the first row: Unix milliseconds; nothing when there are no rows. */
  readonly timeMs: number | undefined;
  /** Of the first row: 16 bytes, a view. */
  readonly profileId: Uint8Array;
}

/**
 * Reads the beginning of what `encodeProfileColumns` made, and nothing of samples and symbols.
 *
 * @throws {DataLossError} when it is not that.
 */
export function readColumnsHead(bytes: Uint8Array): ColumnsHead {
  const reader = new ColumnReader(bytes.byteOffset % 8 === 0 ? bytes : bytes.slice());
  const fingerprints = readFingerprints(reader.bytes());
  reader.uint32();
  const timeMs = reader.float64();
  reader.uint32();
  return { fingerprints, timeMs: timeMs[0], profileId: reader.bytes().subarray(0, 16) };
}
