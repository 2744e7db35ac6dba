import { gunzipSync } from "node:zlib";
import { Code, InvalidArgumentError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import { sendPlainError } from "@hearth/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { holdAnswers } from "../http/hold-answers.ts";
import {
  bodyOf,
  clientSignal,
  readBodiesAsBytes,
  refuseByHeaders,
  tenantOf,
  type WriteRouteDeps,
} from "../http/write-request.ts";
import { UnreadableProfileError } from "../push/unreadable-profile-error.ts";
import type { PushedItem } from "../push/pushed-item.ts";
import { requestError } from "../push/push-outcome.ts";
import { detectFormat, isForm, requireReadable } from "./formats.ts";
import { acceptForms, parseSampleTypeConfig, readForm } from "./ingest-form.ts";
import { parseIngestParameters, type IngestParameters } from "./ingest-parameters.ts";

export interface IngestRouteDeps extends WriteRouteDeps {
  readonly clock: Clock;
}

/** `POST /ingest` and `/pyroscope/ingest`: what SDKs send, with their metadata in the query. */
export async function registerIngestRoutes(app: FastifyInstance, deps: IngestRouteDeps): Promise<void> {
  await app.register(async (scope) => {
    readBodiesAsBytes(scope);
    await acceptForms(scope);
    holdAnswers(scope, deps);
    refuseByHeaders(scope, deps);
    for (const path of ["/ingest", "/pyroscope/ingest"]) {
      scope.post(path, async (request, reply) => {
        try {
          await ingest(request, reply, deps);
          return reply.code(200).send();
        } catch (error) {
          if (!(error instanceof UnreadableProfileError)) throw error;
          return sendPlainError(reply, { status: 422, code: Code.Unknown, message: error.message });
        }
      });
    }
  });
}

async function ingest(request: FastifyRequest, reply: FastifyReply, deps: IngestRouteDeps): Promise<void> {
  const { distributor, clock } = deps;
  const tenant = tenantOf(request, deps);
  const { searchParams } = new URL(request.url, "http://localhost");
  const parameters = parseIngestParameters(searchParams, clock.nowNanos());
  const signal = clientSignal(reply);
  const item = await readItem(request, parameters, distributor.maxBodyBytes(tenant));
  if (item === undefined) return;
  const error = requestError(await distributor.push(tenant, [item], signal), () => "profile");
  if (error) throw error;
}

/**
 * The profile in the body; nothing when the body is empty, which is a text without stacks.
 *
 * @throws {InvalidArgumentError} when a profile is promised and the body is empty: whoever sends that lost it.
 */
async function readItem(
  request: FastifyRequest,
  parameters: IngestParameters,
  limitBytes: number,
): Promise<PushedItem | undefined> {
  const contentType = request.headers["content-type"] ?? "";
  const format = detectFormat(parameters.format, contentType);
  if (isForm(contentType)) {
    requireReadable(format);
    return readFormItem(request, parameters, limitBytes);
  }
  const body = decodeBody(bodyOf(request, limitBytes), request.headers["content-encoding"], limitBytes);
  if (body.length === 0 && format !== "pprof") return undefined;
  requireReadable(format);
  if (body.length === 0) throw new InvalidArgumentError("profile: the body is empty");
  return itemOf(parameters, body);
}

async function readFormItem(
  request: FastifyRequest,
  parameters: IngestParameters,
  limitBytes: number,
): Promise<PushedItem> {
  const form = await readForm(request, limitBytes);
  if (form.prevProfile && form.prevProfile.length > 0) {
    throw new UnreadableProfileError(
      "prev_profile: cumulative profiles are no longer made differences here: update github.com/grafana/pyroscope-go",
    );
  }
  if (!form.profile || form.profile.length === 0) {
    throw new InvalidArgumentError("profile: the part is missing or empty");
  }
  return itemOf(parameters, form.profile, form.sampleTypeConfig);
}

function itemOf(
  { labels, spyName, fromNanos }: IngestParameters,
  body: Uint8Array,
  sampleTypeConfig?: Uint8Array,
): PushedItem {
  const config = sampleTypeConfig && { sampleTypeConfig: parseSampleTypeConfig(sampleTypeConfig) };
  return { id: "", labels, body, ingest: { spyName, fromNanos, ...config } };
}

/** Undoes a `Content-Encoding` of gzip. @throws {InvalidArgumentError} for another one, or a body that is not gzip. */
function decodeBody(body: Uint8Array, contentEncoding: string | undefined, limitBytes: number): Uint8Array {
  const encoding = (contentEncoding ?? "identity").trim().toLowerCase();
  if (encoding === "identity" || encoding === "" || body.length === 0) return body;
  if (encoding !== "gzip") throw new InvalidArgumentError(`content-encoding is not supported: ${encoding}`);
  try {
    return gunzipSync(body, limitBytes > 0 ? { maxOutputLength: limitBytes } : {});
  } catch (error) {
    throw new InvalidArgumentError("body is not gzip, or too large after decompression", { cause: error });
  }
}
