import { InvalidArgumentError } from "@hearth/errors";

/** The parts of a form that `/ingest` knows. */
export interface IngestForm {
  readonly profile: Uint8Array | undefined;
  readonly prevProfile: Uint8Array | undefined;
  readonly sampleTypeConfig: Uint8Array | undefined;
}

export type SampleTypeConfig = ReadonlyMap<string, { readonly displayName?: string }>;

/**
 * The part `sample_type_config`: a JSON object by sample type. Of its fields only `display-name` matters; cumulative
 * profiles are made differences by the client.
 *
 * @throws {InvalidArgumentError} when it is no such object.
 */
export function parseSampleTypeConfig(bytes: Uint8Array): SampleTypeConfig {
  const parsed = parseJson(bytes);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new InvalidArgumentError("sample_type_config: expected a JSON object by sample type");
  }
  return new Map(Object.entries(parsed).map(([type, config]) => [type, displayNameOf(type, config)]));
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new InvalidArgumentError(`sample_type_config: not JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function displayNameOf(type: string, config: unknown): { displayName?: string } {
  if (typeof config !== "object" || config === null) {
    throw new InvalidArgumentError(`sample_type_config: expected an object: sample_type=${type}`);
  }
  const name: unknown = new Map(Object.entries(config)).get("display-name");
  return typeof name === "string" && name !== "" ? { displayName: name } : {};
}
