import {
  Code,
  DeadlineExceededError,
  type DomainError,
  InvalidArgumentError,
  ResourceExhaustedError,
  UnavailableError,
} from "@hearth/errors";

/** The error of one batch that a writer refused, by the number of its Connect code. */
export function fromCode(code: number, message: string): DomainError {
  switch (code) {
    case Code.InvalidArgument:
      return new InvalidArgumentError(message);
    case Code.ResourceExhausted:
      return new ResourceExhaustedError(message, { retryAfterMs: 1000 });
    case Code.Unavailable:
      return new UnavailableError(message, { retryAfterMs: 1000 });
    case Code.DeadlineExceeded:
      return new DeadlineExceededError(message);
    default:
      // Whatever ails a writer, the client did nothing wrong and may try again.
      return new UnavailableError("a segment writer could not store the profiles, try again", {
        cause: new Error(message),
        retryAfterMs: 1000,
      });
  }
}
