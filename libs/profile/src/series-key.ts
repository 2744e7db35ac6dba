import type { Labels } from "@hearth/labels";

/** A string for each distinct label set; keys compare (by UTF-16 unit) as the sets do, bytewise, pair after pair. */
export function seriesKey(labels: Labels): string {
  let text = "";
  for (const { name, value } of labels) text += `${name}\u0000${value}\u0000`;
  // One character per byte of UTF-8: then JavaScript's order of strings is the order of the bytes.
  return Buffer.from(text, "utf8").toString("latin1");
}
