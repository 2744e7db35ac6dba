import { createContextValues } from "@connectrpc/connect";
import {
  type Compression,
  compressionNegotiate,
  createAsyncIterable,
  type UniversalHandler,
  type UniversalServerRequest,
  type UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { type AnswerForm, answerFormKey } from "@hearth/rpc";

/** Requests whose answer is binary, by Connect, gRPC or gRPC-Web. */
const BINARY = /^application\/(?:proto|grpc(?:-web)?(?:\+proto)?)$/iu;

/** Requests whose answer is JSON and nothing around it: by Connect, not by gRPC. */
const PLAIN_JSON = /^application\/json(?:; ?charset=utf-?8)?$/iu;

/** Below this Connect does not compress either. */
const MIN_COMPRESSED_BYTES = 1024;

/** Tells implementations in which form they may write their answers, and sends the JSON that they wrote. */
export function withWrittenAnswers(handler: UniversalHandler, compressions: Compression[]): UniversalHandler {
  const withForm = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    // A call by GET names its form elsewhere; there are few, and they are answered by messages.
    const contentType = request.method === "POST" ? (request.header.get("content-type") ?? "") : "";
    if (BINARY.test(contentType)) return handler(inForm(request, { type: "binary" }));
    if (!PLAIN_JSON.test(contentType)) return handler(request);
    let json: Uint8Array | undefined;
    const write = (written: Uint8Array): void => {
      json = written;
    };
    const response = await handler(inForm(request, { type: "json", write }));
    return json && response.status === 200
      ? withBody(response, json, request.header, compressions)
      : response;
  };
  return Object.assign(withForm, handler);
}

function inForm(request: UniversalServerRequest, form: AnswerForm): UniversalServerRequest {
  const contextValues = request.contextValues ?? createContextValues();
  return { ...request, contextValues: contextValues.set(answerFormKey, form) };
}

/** `response` with another body, compressed as Connect would have compressed it. */
async function withBody(
  response: UniversalServerResponse,
  content: Uint8Array,
  requestHeader: Headers,
  compressions: Compression[],
): Promise<UniversalServerResponse> {
  const accepted = requestHeader.get("accept-encoding");
  const requested = requestHeader.get("content-encoding");
  const compression = compressionNegotiate(compressions, requested, accepted, "accept-encoding").response;
  const isCompressed = compression !== null && content.length >= MIN_COMPRESSED_BYTES;
  const body = isCompressed ? await compression.compress(content) : content;
  const header = new Headers(response.header);
  if (isCompressed) header.set("content-encoding", compression.name);
  header.set("content-length", String(body.length));
  return { ...response, header, body: createAsyncIterable([body]) };
}
