import { DomainError, FailedPreconditionError, UnavailableError } from "@hearth/errors";

import { ObjectNotFoundError } from "../object-store.ts";

/** The system's name of a failure, as `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown =
    typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** A failed read of a key, as one of our errors. */
export function readFailure(key: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === "ENOENT" || errno === "ENOTDIR" || errno === "EISDIR") return new ObjectNotFoundError(key);
  return storageFailure(key, error);
}

/** A failed write of a key, as one of our errors. */
export function writeFailure(key: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === "ENOTDIR" || errno === "EISDIR" || errno === "ENOTEMPTY") {
    return new FailedPreconditionError(`object key is taken by a folder: key=${key}`, { cause: error });
  }
  return storageFailure(key, error);
}

/** The paths that the system's messages hold stay in `cause`, which no client sees. */
function storageFailure(key: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (error instanceof DomainError || errno === undefined) return error;
  return new UnavailableError(`object storage failed: key=${key} errno=${errno}`, { cause: error });
}
