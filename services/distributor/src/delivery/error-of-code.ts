import {
  Code,
  DeadlineExceededError,
  type DomainError,
  InternalError,
  InvalidArgumentError,
  ResourceExhaustedError,
  UnavailableError,
} from "@hearth/errors";

/** The error of one batch that a writer refused, by the number of its Connect code. */
export function fromCode(code: number, message: string): DomainError {
  switch (code) {
    case Code.InvalidArgument:
    case Code.DataLoss:
      return new InvalidArgumentError(message);
    case Code.ResourceExhausted:
      return new ResourceExhaustedError(message, { retryAfterMs: 1000 });
    case Code.Unavailable:
      return new UnavailableError(message, { retryAfterMs: 1000 });
    case Code.DeadlineExceeded:
      return new DeadlineExceededError(message);
    default:
      return new InternalError(message);
  }
}
