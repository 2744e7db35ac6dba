import type { ExportOutcome } from "../push/push-outcome.ts";
import { InvalidArgumentError } from "@hearth/errors";

/** `partial_success` of an answer; nothing when all profiles were accepted. */
export interface PartialSuccess {
  readonly rejectedProfiles: number;
  readonly errorMessage: string;
}

/**
 * What the sender of an export is told.
 *
 * @throws {InvalidArgumentError} when every profile was refused: nothing of the export is stored.
 */
export function answerOf({ receivedProfiles, rejections }: ExportOutcome): PartialSuccess | undefined {
  const [first] = rejections;
  if (!first) return undefined;
  const { length: rejected } = rejections;
  if (receivedProfiles === 1) throw new InvalidArgumentError(first.message);
  const counts = `${rejected} of ${receivedProfiles} profiles were refused; first profile ${first.index}: ${first.message}`;
  if (rejected === receivedProfiles) throw new InvalidArgumentError(counts);
  return { rejectedProfiles: rejected, errorMessage: `${counts}; the others are stored` };
}
