import { UnavailableError } from "@hearth/errors";

/**
 * A temporary file could not be written or read: the disk of this machine is full or broken, which is no fault of the
 * blocks. Another worker may do better, or this one later.
 */
export function tempFileError(error: unknown): UnavailableError {
  const { code } = error as NodeJS.ErrnoException;
  return new UnavailableError(`temporary file failed: errno=${code}`, { cause: error });
}
