import { decodeProfileColumns, encodeProfileColumns, sumRows } from "@hearth/profile";
import { SESSION_LABEL } from "../aggregation/offers.ts";

/** Merges encoded columns of one service into one row for each series, whatever instance of the service it is of. */
export function sumProfiles(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return encodeProfileColumns(sumRows(parts.map(decodeProfileColumns), SESSION_LABEL));
}
