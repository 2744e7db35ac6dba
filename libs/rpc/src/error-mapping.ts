/**
 * The only place where our errors become errors of the wire, and back. Code inside Hearth throws and catches
 * `DomainError`; clients see a code, a message that was meant for them, and when to try again. What is not a
 * `DomainError` is a defect of ours: the client is told `internal error` and nothing else.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import { codeToHttpStatus } from "@connectrpc/connect/protocol-connect";
import {
  AlreadyExistsError,
  CanceledError,
  DataLossError,
  DeadlineExceededError,
  DomainError,
  FailedPreconditionError,
  InternalError,
  InvalidArgumentError,
  NotFoundError,
  NotLeaderError,
  ResourceExhaustedError,
  UnauthenticatedError,
  UnavailableError,
  UnimplementedError,
  type GroupMember,
} from "@hearth/errors";

import { decodeRaftNode, encodeRaftNode, RAFT_NODE_TYPE } from "./raft-node-detail.ts";
import { decodeRetryInfo, encodeRetryInfo, RETRY_INFO_TYPE } from "./retry-info.ts";

/** A failure of another process whose code has no class of its own here, such as `aborted`. */
export class RemoteError extends DomainError {
  override readonly name = "RemoteError";
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions & { retryAfterMs?: number }) {
    super(message, options);
    this.code = code;
  }
}

const INTERNAL_MESSAGE = "internal error";

/** Whether `error` was meant to reach the client; anything else is a defect, to be logged and hidden. */
export function isExpected(error: unknown): error is DomainError | ConnectError {
  return error instanceof DomainError || error instanceof ConnectError;
}

/** What the client of a call sees of `error`. The error itself stays as the cause. */
export function toConnectError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (!(error instanceof DomainError)) {
    return new ConnectError(INTERNAL_MESSAGE, Code.Internal, undefined, undefined, error);
  }
  const mapped = new ConnectError(error.message, error.code, retryHeader(error), undefined, error);
  if (error.retryAfterMs !== undefined) {
    mapped.details.push({ type: RETRY_INFO_TYPE, value: encodeRetryInfo(error.retryAfterMs) });
  }
  if (error instanceof NotLeaderError) {
    mapped.details.push({ type: RAFT_NODE_TYPE, value: encodeRaftNode(error.leader) });
  }
  return mapped;
}

/** `Retry-After` in whole seconds, at least 1: 0 would invite an immediate repeat. */
export function retryAfterSeconds(retryAfterMs: number): string {
  return String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
}

/** HTTP status of a code, for Connect and for plain routes alike. */
export function httpStatusOf(code: Code): number {
  return codeToHttpStatus(code);
}

/**
 * Turns the failure of a call to another process into one of our errors. A `DomainError` passes; what is neither that
 * nor a `ConnectError` becomes `InternalError`, with the original as its cause.
 */
export function fromConnectError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (!(error instanceof ConnectError)) return new InternalError(INTERNAL_MESSAGE, { cause: error });
  const retryAfterMs = retryAfterOf(error);
  const options = { cause: error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  const leader = leaderOf(error);
  if (leader !== undefined) return new NotLeaderError(error.rawMessage, { ...options, ...leader });
  const ErrorClass = CLASS_OF_CODE.get(error.code);
  return ErrorClass
    ? new ErrorClass(error.rawMessage, options)
    : new RemoteError(error.code, error.rawMessage, options);
}

type ErrorClass = new (message: string, options: ErrorOptions & { retryAfterMs?: number }) => DomainError;

/** Codes without an entry (`unknown`, `permission_denied`, `aborted`, `out_of_range`) become {@link RemoteError}. */
const CLASS_OF_CODE: ReadonlyMap<Code, ErrorClass> = new Map<Code, ErrorClass>([
  [Code.Canceled, CanceledError],
  [Code.InvalidArgument, InvalidArgumentError],
  [Code.DeadlineExceeded, DeadlineExceededError],
  [Code.NotFound, NotFoundError],
  [Code.AlreadyExists, AlreadyExistsError],
  [Code.ResourceExhausted, ResourceExhaustedError],
  [Code.FailedPrecondition, FailedPreconditionError],
  [Code.Unimplemented, UnimplementedError],
  [Code.Internal, InternalError],
  [Code.Unavailable, UnavailableError],
  [Code.DataLoss, DataLossError],
  [Code.Unauthenticated, UnauthenticatedError],
]);

function retryHeader(error: DomainError): Record<string, string> | undefined {
  return error.retryAfterMs === undefined
    ? undefined
    : { "Retry-After": retryAfterSeconds(error.retryAfterMs) };
}

/** What the answer of a node that does not lead says of the leader; undefined for all other errors. */
function leaderOf(error: ConnectError): { leader: GroupMember | undefined } | undefined {
  for (const detail of error.details) {
    if ("type" in detail && detail.type === RAFT_NODE_TYPE) return { leader: decodeRaftNode(detail.value) };
  }
  return undefined;
}

/** The detail is exact; the header, in whole seconds, is what proxies leave over. */
function retryAfterOf(error: ConnectError): number | undefined {
  for (const detail of error.details) {
    if (!("type" in detail) || detail.type !== RETRY_INFO_TYPE) continue;
    const delayMs = decodeRetryInfo(detail.value);
    if (delayMs !== undefined) return delayMs;
  }
  const header = error.metadata.get("retry-after");
  return header !== null && /^\d{1,9}$/.test(header) ? Number(header) * 1000 : undefined;
}
