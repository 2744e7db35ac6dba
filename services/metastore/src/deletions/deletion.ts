import { compileDeletion, type CompiledDeletion, type DataDeletion } from "@hearth/deletions";
import { DomainError } from "@hearth/errors";
import { isTenant } from "../index-state/check-block.ts";
import { ELEMENT, type ElementHash, type HashWords } from "../index-state/state-digest.ts";

/** A deletion on request, and how far it got. All times but its range are of the log, Unix milliseconds. */
export interface Deletion extends CompiledDeletion {
  /** 16 bytes as 16 characters of Latin-1, or empty: a request that comes again is the same one. */
  readonly requestId: string;
  readonly requestedMs: number;
  readonly requestedBy: string;
  readonly reason: string;
  /** Since when no registered block holds rows of it; undefined while one does. */
  readonly clearedMs: number | undefined;
  /** Since when no object does that belonged to a registered block; never without {@link clearedMs}. */
  readonly goneMs: number | undefined;
  /** When it stopped to be in force; what is left of it is for the audit. */
  readonly endedMs: number | undefined;
}

/** What somebody asks for. */
export interface DeletionRequest extends Omit<DataDeletion, "number"> {
  /** 0: up to now. */
  readonly endMs: number;
  readonly requestId: string;
  readonly requestedBy: string;
  readonly reason: string;
  /** A tenant may have so many in force. */
  readonly maxInForce: number;
}

export const DELETION_LIMITS = {
  matchers: 64,
  nameLength: 1_024,
  valueLength: 4_096,
  requestedByLength: 256,
  reasonLength: 1_000,
  /** Those that a tenant has in force, unless settings say less. */
  inForce: 1_000,
  /** Of all tenants, kept for the audit after they ended. */
  ended: 10_000,
} as const;

/**
 * Why a request cannot be granted, whatever the state is; undefined when it can. Total. Asked before a proposal, to tell the caller, and
 * again when the command is applied.
 */
export function requestRefusal(request: DeletionRequest): string | undefined {
  const { tenant, matchers, startMs, endMs, requestedBy, reason, requestId } = request;
  if (!isTenant(tenant)) return "tenant is invalid";
  if (!isTime(startMs)) return "start is out of range";
  if (!isTime(endMs)) return "end is out of range";
  if (endMs !== 0 && startMs >= endMs) return `start must be before end: start=${startMs} end=${endMs}`;
  if (requestId !== "" && requestId.length !== 16) return "request_id must be 16 bytes long";
  const tooLong = [
    { field: "matchers", length: matchers.length, limit: DELETION_LIMITS.matchers },
    { field: "requested_by", length: requestedBy.length, limit: DELETION_LIMITS.requestedByLength },
    { field: "reason", length: reason.length, limit: DELETION_LIMITS.reasonLength },
    ...matchers.flatMap(({ name, value }) => [
      { field: "a label name", length: name.length, limit: DELETION_LIMITS.nameLength },
      { field: "a label value", length: value.length, limit: DELETION_LIMITS.valueLength },
    ]),
  ].find(({ length, limit }) => length > limit);
  if (tooLong) return `${tooLong.field} is too long: length=${tooLong.length} limit=${tooLong.limit}`;
  if (matchers.some(({ name }) => name === "")) return "a label name is empty";
  return patternRefusal(request);
}

function patternRefusal(request: DeletionRequest): string | undefined {
  try {
    compileDeletion({ ...request, number: 0 });
    return undefined;
  } catch (error) {
    if (error instanceof DomainError) return error.message;
    throw error;
  }
}

/** The hash of a deletion as an element of the state. */
export function hashDeletion(hash: ElementHash, deletion: Deletion): HashWords {
  const { number, tenant, matchers, startMs, endMs, requestId, requestedMs, requestedBy, reason } = deletion;
  hash.begin(ELEMENT.deletion).integer(number).text(tenant).word(matchers.length);
  for (const { name, operator, value } of matchers) hash.text(name).text(operator).text(value);
  hash.integer(startMs).integer(endMs).text(requestId).integer(requestedMs).text(requestedBy).text(reason);
  for (const timeMs of [deletion.clearedMs, deletion.goneMs, deletion.endedMs]) {
    hash.integer(timeMs === undefined ? 0 : timeMs + 1);
  }
  return hash.end();
}

function isTime(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
