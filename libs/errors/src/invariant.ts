/** A state that cannot be: the program is wrong, and a wrong answer is worse than none. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/**
 * States what must hold here.
 *
 * @throws {InvariantError} when it does not.
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Ends a `switch` over a discriminated union: a new variant then fails to compile. */
export function assertNever(value: never): never {
  throw new InvariantError(`unexpected variant: ${JSON.stringify(value)}`);
}
