import { gunzipSync } from "node:zlib";
import multipart from "@fastify/multipart";
import { InvalidArgumentError, UnimplementedError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { IngestHints } from "../prepare/index.ts";
import type { Distributor } from "../push/distributor.ts";
import { requestError } from "../push/push-outcome.ts";
import { detectFormat, isForm, requireReadable } from "./formats.ts";
import { parseSampleTypeConfig, type IngestForm } from "./ingest-form.ts";
import { parseIngestParameters, type IngestParameters } from "./ingest-parameters.ts";

export interface IngestRouteDeps {
  readonly distributor: Distributor;
  readonly clock: Clock;
  /** The one tenant of a write. @throws {UnauthenticatedError} */
  readonly resolveTenant: (header: Headers) => string;
}

const MB = 2 ** 20;

/** `POST /ingest` and `/pyroscope/ingest`: what SDKs send, with their metadata in the query. */
export async function registerIngestRoutes(app: FastifyInstance, deps: IngestRouteDeps): Promise<void> {
  await app.register(async (scope) => {
    await scope.register(multipart, {
      attachFieldsToBody: false,
      limits: { files: 8, fields: 8, headerPairs: 64 },
    });
    // Bodies are read as bytes whatever their type is called; forms are left to the plugin above.
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_, body, done) => done(null, body));
    for (const path of ["/ingest", "/pyroscope/ingest"]) {
      scope.post(path, async (request, reply) => {
        await ingest(request, deps);
        return reply.code(200).send();
      });
    }
  });
}

async function ingest(
  request: FastifyRequest,
  { distributor, clock, resolveTenant }: IngestRouteDeps,
): Promise<void> {
  const tenant = resolveTenant(headersOf(request));
  const { searchParams } = new URL(request.url, "http://localhost");
  const parameters = parseIngestParameters(searchParams, clock.nowNanos());
  const maxBytes = distributor.limitsFor(tenant).ingestionBodyLimitMb * MB;
  const profile = await readProfile(request, parameters, maxBytes);
  if (profile === undefined) return;
  const aborted = abortSignalOf(request);
  const outcomes = await distributor.push(
    tenant,
    [{ id: "", labels: parameters.labels, ...profile }],
    aborted,
  );
  const error = requestError(outcomes, () => "profile");
  if (error) throw error;
}

/** The profile in the body; nothing for an empty body of a format in which that is an empty profile. */
async function readProfile(
  request: FastifyRequest,
  parameters: IngestParameters,
  maxBytes: number,
): Promise<{ body: Uint8Array; ingest: IngestHints } | undefined> {
  const contentType = request.headers["content-type"] ?? "";
  const hints = { spyName: parameters.spyName, fromNanos: parameters.fromNanos };
  requireReadable(detectFormat(parameters.format, contentType));
  if (!isForm(contentType)) {
    const body = decodeBody(request, maxBytes);
    return body.length === 0 ? undefined : { body, ingest: hints };
  }
  const form = await readForm(request, maxBytes);
  if (form.prevProfile && form.prevProfile.length > 0) {
    throw new UnimplementedError(
      "prev_profile: cumulative profiles are no longer made differences here: update the Go SDK",
    );
  }
  if (!form.profile || form.profile.length === 0)
    throw new InvalidArgumentError("profile: the part is missing or empty");
  const sampleTypeConfig = form.sampleTypeConfig && parseSampleTypeConfig(form.sampleTypeConfig);
  return { body: form.profile, ingest: sampleTypeConfig ? { ...hints, sampleTypeConfig } : hints };
}

async function readForm(request: FastifyRequest, maxBytes: number): Promise<IngestForm> {
  const parts = new Map<string, Uint8Array>();
  try {
    for await (const part of request.files(maxBytes > 0 ? { limits: { fileSize: maxBytes } } : {})) {
      parts.set(part.fieldname, await part.toBuffer());
    }
  } catch (error) {
    throw new InvalidArgumentError(`form is not readable: ${(error as Error).message}`, { cause: error });
  }
  return {
    profile: parts.get("profile"),
    prevProfile: parts.get("prev_profile"),
    sampleTypeConfig: parts.get("sample_type_config"),
  };
}

/** Undoes a `Content-Encoding` of gzip. */
function decodeBody(request: FastifyRequest, maxBytes: number): Uint8Array {
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
  const encoding = (request.headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding === "identity" || body.length === 0) return body;
  if (encoding !== "gzip") throw new InvalidArgumentError(`content-encoding: not supported: ${encoding}`);
  try {
    return gunzipSync(body, maxBytes > 0 ? { maxOutputLength: maxBytes } : {});
  } catch (error) {
    throw new InvalidArgumentError("content-encoding: body is not gzip, or too large after decompression", {
      cause: error,
    });
  }
}

function headersOf(request: FastifyRequest): Headers {
  const headers = new Headers();
  const tenant = request.headers["x-scope-orgid"];
  if (typeof tenant === "string") headers.set("x-scope-orgid", tenant);
  return headers;
}

/** Aborts when the client goes away before it has its answer. */
function abortSignalOf(request: FastifyRequest): AbortSignal {
  const abort = new AbortController();
  request.raw.once("close", () => {
    if (request.raw.destroyed && !request.raw.complete) abort.abort();
  });
  return abort.signal;
}
