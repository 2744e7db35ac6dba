import { conditionFromWire, conditionToWire, type LabelCondition } from "@hearth/deletions";
import { DomainError } from "@hearth/errors";
import type { LabelMatcher, RequestDeletionCommand } from "@hearth/proto/hearth/metastore/v1";
import type { DeletionRequest } from "./deletion.ts";

/** The fields of a request in a command, and in the RPC that asks for it. */
export type WireRequest = Pick<
  RequestDeletionCommand,
  "tenant" | "matchers" | "startTimeMs" | "endTimeMs" | "requestedBy" | "reason" | "requestId"
>;

export function requestToWire(
  request: DeletionRequest,
): Omit<RequestDeletionCommand, "$typeName" | "$unknown"> {
  return {
    tenant: request.tenant,
    matchers: request.matchers.map(conditionToWire),
    startTimeMs: BigInt(request.startMs),
    endTimeMs: BigInt(request.endMs),
    requestedBy: request.requestedBy,
    reason: request.reason,
    requestId: Uint8Array.from(request.requestId, (character) => character.charCodeAt(0)),
    maxInForce: request.maxInForce,
  };
}

/** Reads a request from the log, where anything may be. @returns why it is none, in words. */
export function requestFromWire(wire: RequestDeletionCommand): DeletionRequest | string {
  return readRequest(wire, wire.maxInForce);
}

/** As {@link requestFromWire}, with a limit of the caller's. */
export function readRequest(wire: WireRequest, maxInForce: number): DeletionRequest | string {
  const matchers = readMatchers(wire.matchers);
  if (typeof matchers === "string") return matchers;
  return {
    tenant: wire.tenant,
    matchers,
    startMs: Number(wire.startTimeMs),
    endMs: Number(wire.endTimeMs),
    requestedBy: wire.requestedBy,
    reason: wire.reason,
    requestId: String.fromCharCode(...wire.requestId.subarray(0, 32)),
    maxInForce,
  };
}

function readMatchers(wire: readonly LabelMatcher[]): LabelCondition[] | string {
  try {
    return wire.map(conditionFromWire);
  } catch (error) {
    if (error instanceof DomainError) return error.message;
    throw error;
  }
}
