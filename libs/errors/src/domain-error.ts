import { Code } from "./code.ts";

/**
 * An expected failure, with the code a client sees and a message that may be shown to it: no path, no stack, no
 * other tenant's name. Everything else that is thrown reaches clients as `internal error`.
 */
export abstract class DomainError extends Error {
  /** Decides the HTTP status, the gRPC status and whether a client may try again. */
  abstract readonly code: Code;
  /** When set, the earliest sensible retry, in milliseconds from now (`Retry-After`, gRPC `RetryInfo`). */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options);
    this.name = new.target.name;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The request itself is wrong: repeating it cannot help. */
export class InvalidArgumentError extends DomainError {
  readonly code = Code.InvalidArgument;
}

/** No tenant, or a tenant name that is not allowed. */
export class UnauthenticatedError extends DomainError {
  readonly code = Code.Unauthenticated;
}

/** What was asked for is not there, which is known for sure: repeating the request cannot help. */
export class NotFoundError extends DomainError {
  readonly code = Code.NotFound;
}

/** What was to be made is there already. */
export class AlreadyExistsError extends DomainError {
  readonly code = Code.AlreadyExists;
}

/** The request is right, but something else must be changed before it can succeed. */
export class FailedPreconditionError extends DomainError {
  readonly code = Code.FailedPrecondition;
}

/** A limit was met: the message names the limit, its value and the tenant. */
export class ResourceExhaustedError extends DomainError {
  readonly code = Code.ResourceExhausted;
}

/** A part that is needed is not there now: try again, perhaps elsewhere. */
export class UnavailableError extends DomainError {
  readonly code = Code.Unavailable;
}

/** Only the leader of a group can do this: ask it, if it is known, or the others. */
export class NotLeaderError extends UnavailableError {
  readonly leader: GroupMember | undefined;

  constructor(message: string, options: ErrorOptions & { leader?: GroupMember | undefined } = {}) {
    super(message, options);
    this.leader = options.leader;
  }
}

/** A node of the metastore's group. */
export interface GroupMember {
  readonly id: string;
  /** `host:port` of its group port. */
  readonly address: string;
}

/** The time limit passed; whether the work was done is not known. */
export class DeadlineExceededError extends DomainError {
  readonly code = Code.DeadlineExceeded;
}

/** The caller went away. */
export class CanceledError extends DomainError {
  readonly code = Code.Canceled;
}

/** Part of the contract, and not there yet. */
export class UnimplementedError extends DomainError {
  readonly code = Code.Unimplemented;
}

/** Bytes that were stored are damaged: a CRC, an index or a length does not hold. */
export class DataLossError extends DomainError {
  readonly code = Code.DataLoss;
}

/** Something failed that should not have; the message says no more than a client may know, the cause is for the log. */
export class InternalError extends DomainError {
  readonly code = Code.Internal;
}
