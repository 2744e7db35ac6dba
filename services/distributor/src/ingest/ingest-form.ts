import multipart from "@fastify/multipart";
import { InvalidArgumentError } from "@hearth/errors";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { UnreadableProfileError } from "../push/unreadable-profile-error.ts";
import { BodyTooLargeError, checkBodySize } from "../http/write-request.ts";

/** The parts of a form that `/ingest` knows. */
export interface IngestForm {
  readonly profile: Uint8Array | undefined;
  readonly prevProfile: Uint8Array | undefined;
  readonly sampleTypeConfig: Uint8Array | undefined;
}

export type SampleTypeConfig = ReadonlyMap<string, { readonly displayName?: string }>;

/** Largest part where the tenant has no limit. */
const MAX_PART_BYTES = 256 * 2 ** 20;

/** Lets the routes of `scope` read forms. */
export async function acceptForms(scope: FastifyInstance): Promise<void> {
  const limits = { files: 8, fields: 8, parts: 16, headerPairs: 64 };
  await scope.register(multipart, { attachFieldsToBody: false, limits });
}

/**
 * Reads the parts that are files; of repeated parts the last counts.
 *
 * @param limitBytes - of all parts together; 0 is no limit.
 * @throws {InvalidArgumentError} when the form cannot be read, {@link BodyTooLargeError} when it is too large.
 */
export async function readForm(request: FastifyRequest, limitBytes: number): Promise<IngestForm> {
  const parts = new Map<string, Uint8Array>();
  let sizeBytes = 0;
  try {
    for await (const part of request.files({ limits: { fileSize: limitBytes || MAX_PART_BYTES } })) {
      const content = await part.toBuffer();
      checkBodySize((sizeBytes += content.length), limitBytes);
      parts.set(part.fieldname, content);
    }
  } catch (error) {
    if (error instanceof BodyTooLargeError || statusOf(error) === 413) throw error;
    throw new InvalidArgumentError(`form is not readable: ${(error as Error).message}`, { cause: error });
  }
  return {
    profile: parts.get("profile"),
    prevProfile: parts.get("prev_profile"),
    sampleTypeConfig: parts.get("sample_type_config"),
  };
}

/**
 * The part `sample_type_config`: a JSON object by sample type. Of its fields only `display-name` matters; cumulative
 * profiles are made differences by the client.
 *
 * @throws {UnreadableProfileError} when it is no such object.
 */
export function parseSampleTypeConfig(bytes: Uint8Array): SampleTypeConfig {
  const parsed = parseJson(bytes);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new UnreadableProfileError("sample_type_config: expected a JSON object by sample type");
  }
  return new Map(Object.entries(parsed).map(([type, config]) => [type, displayNameOf(type, config)]));
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new UnreadableProfileError(`sample_type_config: not JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function displayNameOf(type: string, config: unknown): { displayName?: string } {
  if (typeof config !== "object" || config === null) {
    throw new UnreadableProfileError(`sample_type_config: expected an object: sample_type=${type}`);
  }
  const name: unknown = new Map(Object.entries(config)).get("display-name");
  return typeof name === "string" && name !== "" ? { displayName: name } : {};
}

function statusOf(error: unknown): unknown {
  return error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
}
