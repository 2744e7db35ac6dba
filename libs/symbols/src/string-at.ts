import type { StringColumn } from "./columns.ts";

const decoder = new TextDecoder();

/** String `index` as a JavaScript string, for answers; bytes that are not UTF-8 become U+FFFD. */
export function stringAt(strings: StringColumn, index: number): string {
  return decoder.decode(strings.bytes.subarray(strings.offsets[index], strings.offsets[index + 1]));
}
