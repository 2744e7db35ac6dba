import { malformedJson } from "./json-values.ts";

/** A number of so many digits may be more than a double holds. */
const LONG_NUMBER = /[:,[]\s*-?\d{16}/;

/**
 * Parses JSON without losing digits: integers that a double cannot hold become texts, which is how protobuf writes
 * them in the first place.
 *
 * @throws {InvalidArgumentError} when it is not JSON.
 */
export function parseJson(input: string | Uint8Array): unknown {
  const text = typeof input === "string" ? input : new TextDecoder().decode(input);
  try {
    return LONG_NUMBER.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch (error) {
    throw malformedJson("it does not parse", { cause: error });
  }
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || Number.isSafeInteger(value) || source === undefined) return value;
  return /^-?\d+$/.test(source) ? source : value;
}
