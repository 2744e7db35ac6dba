import { compileDeletion, type LabelCondition } from "@hearth/deletions";
import { DataLossError, DomainError } from "@hearth/errors";
import type { MatchOperator } from "@hearth/labels";
import type { ByteReader, ByteWriter } from "../bytes.ts";
import type { Deletion } from "./deletion.ts";

/** Deletions as bytes of a snapshot. The reader takes what the writer wrote, or throws {@link DataLossError}. */

/** Numbers of the operators: their positions here. Only ever appended to. */
const OPERATORS: readonly MatchOperator[] = ["=", "!=", "=~", "!~"];

export function encodeDeletion(deletion: Deletion, out: ByteWriter): void {
  out.integer(deletion.number);
  out.string(deletion.tenant);
  out.integer(deletion.matchers.length);
  for (const { name, operator, value } of deletion.matchers) {
    out.string(name);
    out.integer(OPERATORS.indexOf(operator));
    out.string(value);
  }
  out.integer(deletion.startMs);
  out.integer(deletion.endMs);
  out.string(deletion.requestId);
  out.integer(deletion.requestedMs);
  out.string(deletion.requestedBy);
  out.string(deletion.reason);
  for (const timeMs of [deletion.clearedMs, deletion.goneMs, deletion.endedMs]) {
    out.integer(timeMs === undefined ? 0 : timeMs + 1);
  }
}

export function decodeDeletion(bytes: ByteReader): Deletion {
  const number = bytes.integer();
  const tenant = bytes.string();
  const matchers: LabelCondition[] = [];
  for (let left = bytes.integer(); left > 0; left--) matchers.push(decodeCondition(bytes));
  const deletion = {
    number,
    tenant,
    matchers,
    startMs: bytes.integer(),
    endMs: bytes.integer(),
    requestId: bytes.string(),
    requestedMs: bytes.integer(),
    requestedBy: bytes.string(),
    reason: bytes.string(),
    clearedMs: decodeTime(bytes),
    goneMs: decodeTime(bytes),
    endedMs: decodeTime(bytes),
  };
  try {
    return compileDeletion(deletion);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new DataLossError(`a deletion has a bad pattern: number=${number}`, { cause: error });
  }
}

function decodeCondition(bytes: ByteReader): LabelCondition {
  const name = bytes.string();
  const operator = OPERATORS[bytes.integer()];
  if (operator === undefined) throw new DataLossError("a deletion has an unknown operator");
  return { name, operator, value: bytes.string() };
}

function decodeTime(bytes: ByteReader): number | undefined {
  const value = bytes.integer();
  return value === 0 ? undefined : value - 1;
}
