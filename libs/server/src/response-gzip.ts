import { promisify } from "node:util";
import { gzip } from "node:zlib";

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

const compressGzip = promisify(gzip);

/** Below this, the answer fits a packet anyway. */
const MIN_BYTES = 1400;

/** Compresses the answers of plain routes where the client accepts it. RPCs negotiate for themselves. */
export function compressPlainAnswers(app: FastifyInstance): void {
  app.addHook("onSend", async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    if (typeof payload !== "string" && !Buffer.isBuffer(payload)) return payload;
    if (Buffer.byteLength(payload) < MIN_BYTES || reply.hasHeader("content-encoding")) return payload;
    reply.header("Vary", "Accept-Encoding");
    if (!acceptsGzip(request.headers["accept-encoding"])) return payload;
    reply.header("Content-Encoding", "gzip").removeHeader("Content-Length");
    return compressGzip(payload);
  });
}

/** Whether an `Accept-Encoding` header allows gzip: named, or by `*`, and not with weight 0. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  const weights = new Map<string, number>();
  for (const item of String(header ?? "").split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith("q="));
    weights.set(name, weight === undefined ? 1 : Number(weight.slice(2)));
  }
  return (weights.get("gzip") ?? weights.get("*") ?? 0) > 0;
}
