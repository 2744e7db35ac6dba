import type { IncomingMessage } from "node:http";

import type { ContextValues } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { CanceledError } from "@hearth/errors";
import type { FastifyReply, FastifyRequest } from "fastify";

import { readBody } from "./read-body.ts";

/** Of a request that is read as a whole. */
const MAX_BYTES = 64 * 1024;
const CONTENT_TYPES: ReadonlySet<string | undefined> = new Set([
  "application/json",
  "application/json; charset=utf-8",
  "application/proto",
]);

/**
 * Whether a request is a small unary call of Connect's protocol over HTTP/1.1, as questions are. Its answer comes from the
 * same handler as any other's; only the plugin's way to it and back, by streams on both sides, is left out: for a question that
 * the metastore answers it costs more than the answer.
 */
export function isShortCall({ headers, httpVersionMajor, method }: IncomingMessage): boolean {
  return (
    httpVersionMajor === 1 &&
    method === "POST" &&
    CONTENT_TYPES.has(headers["content-type"]) &&
    headers["transfer-encoding"] === undefined &&
    Number(headers["content-length"]) <= MAX_BYTES
  );
}

export interface ShortCall {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly contextValues: ContextValues;
}

/**
 * Answers what {@link isShortCall} holds for, past the rest of Fastify.
 *
 * @param fail - told what no handler turned into an answer.
 */
export async function answerShortCall(
  handler: UniversalHandler,
  call: ShortCall,
  fail: (error: Error) => void,
): Promise<void> {
  try {
    await answer(handler, call);
  } catch (error) {
    fail(error as Error);
  }
}

async function answer(
  handler: UniversalHandler,
  { request: { raw: request }, reply, contextValues }: ShortCall,
): Promise<void> {
  const response = reply.raw;
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new CanceledError("the caller hung up"));
  });
  const { status, header, body } = await handler({
    httpVersion: request.httpVersion,
    method: "POST",
    // Handlers look only at what comes after the host.
    url: `http://localhost${request.url}`,
    header: headersOf(request),
    body: { [Symbol.asyncIterator]: () => wholeBody(request) },
    signal: gone.signal,
    contextValues,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  if (response.destroyed) return;
  for (const [name, value] of Object.entries(reply.getHeaders())) response.setHeader(name, value ?? "");
  for (const [name, value] of header ?? []) response.setHeader(name, value);
  response.statusCode = status;
  response.end(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
}

function headersOf({ headers }: IncomingMessage): Headers {
  const own = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) own.set(name, String(value));
  }
  return own;
}

/** The body as one chunk, once it is asked for: what is refused before is never read. */
async function* wholeBody(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  yield await readBody(request, MAX_BYTES);
}
