import type { IncomingMessage } from "node:http";
import { DomainError } from "@hearth/errors";
import { ProfilesService } from "@hearth/proto/opentelemetry/proto/collector/profiles/v1development";
import { httpStatusOf, methodPath, retryAfterSeconds } from "@hearth/rpc";
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
import { answerOf, type PartialSuccess } from "./export-answer.ts";
import {
  compressionOf,
  encodeAnswer,
  encodeStatus,
  encodingOf,
  mediaTypeOf,
  type ExportEncoding,
} from "./export-encoding.ts";

/** The path of the RPC, at which senders may speak OTLP over HTTP too: the type of the body tells. */
const RPC_PATH = methodPath(ProfilesService.method.export);
const ENCODING = "otlpEncoding";

/** OTLP over HTTP: `POST /v1development/profiles`, and at the path of the RPC. */
export async function registerOtlpRoutes(app: FastifyInstance, deps: WriteRouteDeps): Promise<void> {
  tellEncodingsApart(app);
  await app.register(async (scope) => {
    readBodiesAsBytes(scope);
    holdAnswers(scope, deps);
    refuseByHeaders(scope, deps);
    const handler = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
      exportProfiles(request, reply, deps);
    scope.post("/v1development/profiles", handler);
    for (const encoding of ["protobuf", "json"] satisfies ExportEncoding[]) {
      scope.post(RPC_PATH, { constraints: { [ENCODING]: encoding } }, handler);
    }
  });
}

/** Lets routes be chosen by the encoding that {@link encodingOf} finds; routes without that wish take any. */
function tellEncodingsApart(app: FastifyInstance): void {
  if (app.hasConstraintStrategy(ENCODING)) return;
  app.addConstraintStrategy({
    name: ENCODING,
    storage: () => {
      const handlers = new Map<unknown, unknown>();
      return {
        get: (encoding: unknown) => handlers.get(encoding) ?? null,
        set: (encoding: unknown, handler: unknown) => void handlers.set(encoding, handler),
      };
    },
    deriveConstraint: (request: IncomingMessage) => encodingOf(request.headers["content-type"]),
  } as Parameters<FastifyInstance["addConstraintStrategy"]>[0]);
}

async function exportProfiles(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: WriteRouteDeps,
): Promise<FastifyReply> {
  const encoding = encodingOf(request.headers["content-type"]);
  if (!encoding) throw new UnsupportedTypeError(request.headers["content-type"]);
  try {
    const partialSuccess = await store(request, reply, encoding, deps);
    return await reply.type(mediaTypeOf(encoding)).send(encodeAnswer(encoding, partialSuccess));
  } catch (error) {
    // What is not meant for the client is the server's to log and to hide.
    if (!(error instanceof DomainError)) throw error;
    return sendStatus(reply, encoding, error);
  }
}

async function store(
  request: FastifyRequest,
  reply: FastifyReply,
  encoding: ExportEncoding,
  deps: WriteRouteDeps,
): Promise<PartialSuccess | undefined> {
  const { distributor } = deps;
  const tenant = tenantOf(request, deps);
  const body = bodyOf(request, distributor.maxBodyBytes(tenant));
  const compression = compressionOf(request.headers["content-encoding"]);
  const pushed = { body, encoding, compression };
  return answerOf(await distributor.pushExport(tenant, pushed, clientSignal(reply)));
}

/** Errors are written as OTLP asks: a `google.rpc.Status` in the encoding of the request. */
function sendStatus(reply: FastifyReply, encoding: ExportEncoding, error: DomainError): FastifyReply {
  if (error.retryAfterMs !== undefined) reply.header("Retry-After", retryAfterSeconds(error.retryAfterMs));
  return reply
    .code(httpStatusOf(error.code))
    .type(mediaTypeOf(encoding))
    .send(encodeStatus(encoding, { code: error.code, message: error.message }));
}

class UnsupportedTypeError extends Error {
  override readonly name = "UnsupportedTypeError";
  readonly statusCode = 415;

  constructor(contentType: string | undefined) {
    super(
      `content-type is not supported: ${contentType ?? "none"}; use application/x-protobuf or application/json`,
    );
  }
}
