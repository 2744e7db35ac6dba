import type { IncomingMessage } from "node:http";

import { CanceledError, ResourceExhaustedError } from "@hearth/errors";

/**
 * Collects a body. By events: cheaper than an async iterator, and what is too much flows off unread.
 *
 * @throws {ResourceExhaustedError} when it is longer than `maxBytes`.
 * @throws {CanceledError} when the connection ends before the body does.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  requireFits(Number(request.headers["content-length"] ?? 0), maxBytes);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    let hasEnded = false;
    const cut = (error?: Error): void => {
      if (!hasEnded) reject(new CanceledError("the caller hung up", { cause: error }));
    };
    request.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) chunks.push(chunk);
      else reject(tooLarge(sizeBytes, maxBytes));
    });
    request.once("end", () => {
      hasEnded = true;
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, sizeBytes));
    });
    request.once("error", cut);
    // Without an error, when the server itself cuts the connection.
    request.once("close", cut);
    if (request.destroyed) cut();
  });
}

function requireFits(sizeBytes: number, maxBytes: number): void {
  if (sizeBytes > maxBytes) throw tooLarge(sizeBytes, maxBytes);
}

function tooLarge(sizeBytes: number, maxBytes: number): ResourceExhaustedError {
  return new ResourceExhaustedError(
    `message is larger than the limit: size_bytes=${sizeBytes} limit_bytes=${maxBytes}`,
  );
}
