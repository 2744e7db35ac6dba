import { labelValue, withLabels } from "./label-set.ts";
import type { Labels } from "./label.ts";

const SESSION_LABEL = "__session_id__";
const SESSION_ID = /^[0-9a-fA-F]{16}$/;

/**
 * Keeps the values of `__session_id__` few: the id (16 hex digits, a little-endian unsigned 64-bit number) modulo the
 * limit, written the same way. With a limit of 0, or an id that is none, the label goes.
 */
export function reduceSessionId(labels: Labels, maxSessionsPerSeries: number): Labels {
  const id = labelValue(labels, SESSION_LABEL);
  if (id === "") return labels;
  if (maxSessionsPerSeries <= 0 || !SESSION_ID.test(id)) return withLabels(labels, { [SESSION_LABEL]: "" });
  const number = Buffer.from(id, "hex");
  number.writeBigUInt64LE(number.readBigUInt64LE() % BigInt(maxSessionsPerSeries));
  return withLabels(labels, { [SESSION_LABEL]: number.toString("hex") });
}
