import { Code, ConnectError } from "@connectrpc/connect";
import type {
  UniversalHandler,
  UniversalServerRequest,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";

/** How Connect begins the message of its error for bytes that are no message. */
const UNREADABLE = "parse binary: ";

/**
 * Corrects what Connect makes of two things that clients do.
 *
 * To a body that cannot be decoded it answers `internal`, which tells clients that we are broken and agents to send it
 * again for ever: it is `invalid_argument`. The error arises before any interceptor, so the answer is mended.
 *
 * When a client is gone, the plugin writes its answer all the same and prints a stack when that fails: there is no
 * answer then.
 */
export function withClientMistakes(handler: UniversalHandler): UniversalHandler {
  const mended = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    const response = mendGrpc(await mendConnect(await handler(request)));
    return response.body ? { ...response, body: whilePresent(response.body, request.signal) } : response;
  };
  return Object.assign(mended, handler);
}

async function* whilePresent(body: AsyncIterable<Uint8Array>, gone: AbortSignal): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    if (gone.aborted) return;
    yield chunk;
  }
}

async function mendConnect(response: UniversalServerResponse): Promise<UniversalServerResponse> {
  const isInternal = response.status === 500 && response.header?.get("content-type") === "application/json";
  if (!isInternal || response.body === undefined || response.header?.has("content-encoding")) return response;
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const message = messageOf(body);
  if (!message.startsWith(UNREADABLE)) return { ...response, body: createAsyncIterable([body]) };
  const error = errorToJsonBytes(new ConnectError(message, Code.InvalidArgument), undefined);
  const header = new Headers(response.header);
  header.set("content-length", String(error.length));
  return { ...response, status: 400, header, body: createAsyncIterable([error]) };
}

function messageOf(body: Buffer): string {
  const { message } = JSON.parse(body.toString("utf8")) as { message?: unknown };
  return typeof message === "string" ? message : "";
}

/** gRPC says how it went in trailers, which are complete only after the body: they are changed in place, then. */
function mendGrpc(response: UniversalServerResponse): UniversalServerResponse {
  const { body, trailer } = response;
  if (body === undefined || trailer === undefined) return response;
  return { ...response, body: thenMendTrailer(body, trailer) };
}

async function* thenMendTrailer(
  body: AsyncIterable<Uint8Array>,
  trailer: Headers,
): AsyncIterable<Uint8Array> {
  yield* body;
  const message = trailer.get("grpc-message") ?? "";
  if (
    trailer.get("grpc-status") === String(Code.Internal) &&
    message.startsWith(encodeURIComponent(UNREADABLE))
  ) {
    trailer.set("grpc-status", String(Code.InvalidArgument));
  }
}
