import { InvalidArgumentError } from "@hearth/errors";
import { goQuote } from "./go-quote.ts";

/** What the samples of a series count: `process_cpu:cpu:nanoseconds:cpu:nanoseconds`. */
export interface ProfileType {
  /** The label `__name__`. */
  readonly name: string;
  readonly sampleType: string;
  readonly sampleUnit: string;
  /** Empty, as is its unit, when the profile has no period type. */
  readonly periodType: string;
  readonly periodUnit: string;
}

/**
 * Reads `<name>:<sample type>:<sample unit>:<period type>:<period unit>`; a sixth part is dropped unread.
 *
 * @throws {InvalidArgumentError} with any other number of parts.
 */
export function parseProfileType(id: string): ProfileType {
  const parts = id.split(":");
  if (parts.length !== 5 && parts.length !== 6) {
    throw new InvalidArgumentError(
      "profile-type selection must be of the form " +
        `<name>:<sample-type>:<sample-unit>:<period-type>:<period-unit>(:delta), got(${parts.length}): ${goQuote(id)}`,
    );
  }
  const [name = "", sampleType = "", sampleUnit = "", periodType = "", periodUnit = ""] = parts;
  return { name, sampleType, sampleUnit, periodType, periodUnit };
}

/** The label `__profile_type__`. */
export function formatProfileType(type: ProfileType): string {
  return `${type.name}:${type.sampleType}:${type.sampleUnit}:${type.periodType}:${type.periodUnit}`;
}
