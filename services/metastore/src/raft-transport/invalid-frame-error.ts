import { InvalidArgumentError } from "@hearth/errors";

/** A request of another node is not as it must be: its sender is broken, or of another version. Nothing of it is used. */
export class InvalidFrameError extends InvalidArgumentError {
  /** Which part, such as `messages[3].append.prev.term`. */
  readonly field: string;

  constructor(field: string, problem: string, options?: ErrorOptions) {
    super(`request between nodes is refused: field=${field} problem=${problem}`, options);
    this.field = field;
  }
}

/** @throws {InvalidFrameError} unless `0 <= value < 2^53`. */
export function safeInteger(field: string, value: bigint): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new InvalidFrameError(field, `${value} is out of range`);
  }
  return Number(value);
}

/** @throws {InvalidFrameError} when a message lacks what it must have. */
export function required<T>(field: string, value: T | undefined): T {
  if (value === undefined) throw new InvalidFrameError(field, "missing");
  return value;
}
