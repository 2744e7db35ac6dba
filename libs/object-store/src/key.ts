import { InvalidArgumentError } from "@hearth/errors";

/** Folder of unfinished writes under the root of a filesystem bucket; never part of the key space. */
export const STAGING_FOLDER = ".staging";

const MAX_KEY_BYTES = 1024;
const MAX_PART_BYTES = 255;
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const FORBIDDEN = /[\u0000-\u001f\u007f\\]/;

/**
 * Refuses keys that one of the backends could not keep, or that would leave the root of a filesystem bucket: parts must
 * not be empty, `.` or `..`, nor hold control characters or backslashes.
 *
 * @throws {InvalidArgumentError} saying what is wrong.
 */
export function checkKey(key: string): void {
  const problem = keyProblem(key);
  if (problem !== undefined) throw new InvalidArgumentError(`invalid object key: ${problem}`);
}

/** A prefix of a valid key: it may end anywhere. */
export function checkPrefix(prefix: string): void {
  const problem = prefix === "" ? undefined : keyProblem(`${prefix}x`);
  if (problem !== undefined) throw new InvalidArgumentError(`invalid object key prefix: ${problem}`);
}

function keyProblem(key: string): string | undefined {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `longer than ${MAX_KEY_BYTES} bytes`;
  if (FORBIDDEN.test(key)) return "a character is not allowed";
  const parts = key.split("/");
  if (parts[0] === STAGING_FOLDER) return "the name is reserved";
  for (const part of parts) {
    if (part === "") return "a part is empty";
    if (part === "." || part === "..") return "a part is . or ..";
    if (Buffer.byteLength(part) > MAX_PART_BYTES) return `a part is longer than ${MAX_PART_BYTES} bytes`;
  }
  return undefined;
}

/** Order of the keys' UTF-8 bytes, which is how buckets list. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
