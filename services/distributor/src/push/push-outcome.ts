import {
  Code,
  DomainError,
  InternalError,
  InvalidArgumentError,
  ResourceExhaustedError,
  UnavailableError,
} from "@hearth/errors";

/** What became of an export of OpenTelemetry profiles. */
export interface ExportOutcome {
  readonly receivedProfiles: number;
  /** In the order of the export. */
  readonly rejections: readonly { readonly index: number; readonly message: string }[];
}

/** What became of each profile of a request, in order: nothing when it is stored (or had nothing to store). */
export type PushOutcomes = readonly (Error | undefined)[];

/**
 * The error of a whole request of which some profiles failed; nothing when none did. Its siblings stay stored: the
 * message says how many failed, so that a client need not guess.
 *
 * @param describe - names profile `index` in the message.
 */
export function requestError(outcomes: PushOutcomes, describe: (index: number) => string): Error | undefined {
  const failed = [...outcomes.keys()].filter((index) => outcomes[index] !== undefined);
  const worst = failed.reduce<number | undefined>(
    (chosen, index) => moreImportant(outcomes, chosen, index),
    undefined,
  );
  if (worst === undefined) return undefined;
  const error = outcomes[worst]!;
  if (outcomes.length === 1) return error;
  const message = `${failed.length} of ${outcomes.length} profiles failed, the others are stored; first ${describe(worst)}: ${error.message}`;
  return withMessage(error, message);
}

/** A fault that trying again may cure decides what the client is told: repeats of what was stored do no harm. */
function moreImportant(outcomes: PushOutcomes, chosen: number | undefined, index: number): number {
  if (chosen === undefined) return index;
  return isRetryable(outcomes[index]!) && !isRetryable(outcomes[chosen]!) ? index : chosen;
}

function isRetryable(error: Error): boolean {
  return !(error instanceof DomainError) || error.code !== Code.InvalidArgument;
}

function withMessage(error: Error, message: string): Error {
  if (!(error instanceof DomainError)) return new InternalError("internal error", { cause: error });
  const options = {
    cause: error,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  };
  switch (error.code) {
    case Code.InvalidArgument:
      return new InvalidArgumentError(message, options);
    case Code.ResourceExhausted:
      return new ResourceExhaustedError(message, options);
    case Code.Unavailable:
      return new UnavailableError(message, options);
    default:
      return error;
  }
}
