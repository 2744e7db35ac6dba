import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";

/** How Connect begins the message of its error for bytes that are no message. */
const UNREADABLE = "parse binary: ";

/**
 * Connect answers `internal` to a body that cannot be decoded, which tells clients that we are broken and agents to send
 * it again for ever. It is `invalid_argument`. The error arises before any interceptor, so the answer is mended.
 */
export function withClientMistakes(handler: UniversalHandler): UniversalHandler {
  const mended = async (...args: Parameters<UniversalHandler>): Promise<UniversalServerResponse> =>
    mendGrpc(await mendConnect(await handler(...args)));
  return Object.assign(mended, handler);
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
