export { Code } from "./code.ts";
export {
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
  type GroupMember,
  ResourceExhaustedError,
  UnauthenticatedError,
  UnavailableError,
  UnimplementedError,
} from "./domain-error.ts";
export { assertNever, invariant, InvariantError } from "./invariant.ts";
