/** A rule of a simulation was broken. */
export class Violation extends Error {
  override readonly name = "Violation";
  /** The short name of the rule. */
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}
