/**
 * Errors on their way between threads. The structured clone of an error forgets its class and its fields; so they
 * travel as plain data, and a {@link DomainError} arrives with its code.
 */
import {
  AlreadyExistsError,
  CanceledError,
  Code,
  DataLossError,
  DeadlineExceededError,
  DomainError,
  FailedPreconditionError,
  InternalError,
  InvalidArgumentError,
  InvariantError,
  NotFoundError,
  ResourceExhaustedError,
  UnauthenticatedError,
  UnavailableError,
  UnimplementedError,
} from "@hearth/errors";

export interface Failure {
  readonly type: "domain" | "invariant" | "other";
  readonly name: string;
  readonly message: string;
  /** Set for `domain`. */
  readonly code: Code | undefined;
  readonly retryAfterMs: number | undefined;
  /** Where it was thrown, for the log. */
  readonly stack: string;
}

type DomainErrorClass = new (
  message: string,
  options: ErrorOptions & { retryAfterMs?: number },
) => DomainError;

const CLASSES = new Map<Code, DomainErrorClass>([
  [Code.InvalidArgument, InvalidArgumentError],
  [Code.Unauthenticated, UnauthenticatedError],
  [Code.NotFound, NotFoundError],
  [Code.AlreadyExists, AlreadyExistsError],
  [Code.FailedPrecondition, FailedPreconditionError],
  [Code.ResourceExhausted, ResourceExhaustedError],
  [Code.Unavailable, UnavailableError],
  [Code.DeadlineExceeded, DeadlineExceededError],
  [Code.Canceled, CanceledError],
  [Code.Unimplemented, UnimplementedError],
  [Code.DataLoss, DataLossError],
]);

/** What was thrown, as data; what is no error becomes one. */
export function encodeFailure(error: unknown): Failure {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const common = { name, message, stack: stack ?? "", code: undefined, retryAfterMs: undefined };
  if (error instanceof DomainError) {
    return { ...common, type: "domain", code: error.code, retryAfterMs: error.retryAfterMs };
  }
  return { ...common, type: error instanceof InvariantError ? "invariant" : "other" };
}

/** The error again: of the class that belongs to its code, and with the stack that it had where it was thrown. */
export function decodeFailure(failure: Failure): Error {
  const error = rebuild(failure);
  error.stack = failure.stack;
  return error;
}

function rebuild({ type, code, name, message, retryAfterMs }: Failure): Error {
  if (type === "invariant") return new InvariantError(message);
  if (code === undefined) return Object.assign(new Error(message), { name });
  const DomainErrorOfCode = CLASSES.get(code) ?? InternalError;
  const error = new DomainErrorOfCode(message, retryAfterMs === undefined ? {} : { retryAfterMs });
  error.name = name;
  return error;
}
