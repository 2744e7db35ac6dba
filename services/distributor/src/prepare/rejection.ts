import { InvalidArgumentError } from "@hearth/errors";

import type { DiscardReason } from "./prepared-profile.ts";

/** The profile breaks a rule of its tenant or of the format; none of it is stored. */
export class ProfileRejectedError extends InvalidArgumentError {
  readonly reason: DiscardReason;

  constructor(reason: DiscardReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
