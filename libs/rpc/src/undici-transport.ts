import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import { codeFromHttpStatus, errorFromJsonBytes } from "@connectrpc/connect/protocol-connect";
import {
  DomainError,
  InternalError,
  ResourceExhaustedError,
  UnavailableError,
  UnimplementedError,
} from "@hearth/errors";
import { deadline } from "@hearth/runtime";
import { traceHeaders } from "@hearth/telemetry";
import { type Dispatcher, Pool } from "undici";

import { abortReason } from "./abort-reason.ts";
import { binaryOptions } from "./codec-options.ts";
import { fromConnectError } from "./error-mapping.ts";
import { methodPath } from "./service-registration.ts";

export interface UndiciTransportSettings {
  /** `http://host:port`, or `https://host:port` with {@link UndiciTransportSettings.tls}. */
  readonly origin: string;
  /** Most connections to it, and so most calls at once; more wait in line within their deadline. */
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  /** Deadline of calls that name none. */
  readonly defaultTimeoutMs: number;
  /** Largest answer. */
  readonly readMaxBytes: number;
  /** For mutual TLS; of no meaning to an `http` origin. */
  readonly tls?: ClientTls;
}

/** Both sides of a connection show a certificate of one authority. All in PEM. */
export interface ClientTls {
  /** The authorities that the server's certificate must come from; the system's own are not asked. */
  readonly ca: Uint8Array;
  /** Shown to the server. */
  readonly cert: Uint8Array;
  /** The private key of `cert`. */
  readonly key: Uint8Array;
}

/** A transport that owns connections. Closing it lets calls in flight finish. */
export type ClosableTransport = Transport & AsyncDisposable;

/**
 * Unary Connect calls (binary, uncompressed) over pooled HTTP/1.1: the wire format of Connect's own transport at a
 * fraction of its cost, since in Node HTTP/2 carries bulk bytes several times slower. Failures reject with a
 * `DomainError`; a process that cannot be reached, or hangs up, is `unavailable`.
 */
export function undiciTransport(settings: UndiciTransportSettings): ClosableTransport {
  const pool = new Pool(settings.origin, {
    connections: settings.maxConnections,
    connect: { timeout: settings.connectTimeoutMs, noDelay: true, ...tlsOptions(settings.tls) },
    // Calls have deadlines of their own, and some answers take long to begin.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    async unary(method, signal, timeoutMs, header, input) {
      const limitMs = timeoutMs ?? settings.defaultTimeoutMs;
      using limit = deadline(limitMs, signal);
      const path = methodPath(method);
      const body = toBinary(method.input, create(method.input, input));
      const answer = await post(
        pool,
        { path, body, header, timeoutMs: limitMs, signal: limit.signal },
        settings,
      );
      return {
        stream: false,
        service: method.parent,
        method,
        header: answer.header,
        trailer: new Headers(),
        message: decodeAnswer(method.output, answer.body),
      };
    },
    stream: (method) =>
      Promise.reject(new UnimplementedError(`no streams between services: method=${methodPath(method)}`)),
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

/** Of `tls.connect`. */
export function tlsOptions(tls: ClientTls | undefined) {
  if (tls === undefined) return {};
  const [ca, cert, key] = [tls.ca, tls.cert, tls.key].map((pem) => Buffer.from(pem));
  return { ca, cert, key, minVersion: "TLSv1.3" as const, rejectUnauthorized: true };
}

/** Anything that `Headers` can be made from; Node's types do not name it. */
type HeaderEntries = ConstructorParameters<typeof Headers>[0];

interface Post {
  readonly path: string;
  readonly body: Uint8Array;
  readonly header: HeaderEntries | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

async function post(
  pool: Pool,
  request: Post,
  settings: UndiciTransportSettings,
): Promise<{ header: Headers; body: Uint8Array }> {
  try {
    const response = await pool.request({
      method: "POST",
      path: request.path,
      headers: requestHeaders(request),
      body: request.body,
      signal: request.signal,
    });
    const body = await readBounded(response, settings.readMaxBytes);
    const header = webHeaders(response.headers);
    if (response.statusCode !== 200) throw errorOf(response.statusCode, header, body);
    return { header, body };
  } catch (error) {
    if (request.signal.aborted) throw abortReason(request.signal);
    throw transportError(error, settings.origin);
  }
}

function requestHeaders({ header, timeoutMs }: Post): Record<string, string> {
  return {
    ...(header === undefined ? {} : Object.fromEntries(new Headers(header))),
    ...traceHeaders(),
    "content-type": "application/proto",
    "connect-protocol-version": "1",
    // Ten digits at most.
    "connect-timeout-ms": String(Math.min(9_999_999_999, Math.max(0, Math.ceil(timeoutMs)))),
  };
}

/** Collects the body; an answer beyond the limit is refused as soon as it is known to be. */
async function readBounded(response: Dispatcher.ResponseData, maxBytes: number): Promise<Uint8Array> {
  const promised = Number(response.headers["content-length"] ?? Number.NaN);
  if (promised <= maxBytes) return response.body.bytes();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes || promised > maxBytes) {
      throw new ResourceExhaustedError(`answer is larger than the limit: limit_bytes=${maxBytes}`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function webHeaders(headers: Dispatcher.ResponseData["headers"]): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return result;
}

function decodeAnswer<O extends DescMessage>(output: O, body: Uint8Array): MessageShape<O> {
  try {
    return fromBinary(output, body, binaryOptions);
  } catch (error) {
    throw new InternalError(`answer is no ${output.typeName}`, { cause: error });
  }
}

/** The error in a Connect answer; without one, what the status alone says. */
function errorOf(status: number, header: Headers, body: Uint8Array): DomainError {
  const fallback = new ConnectError(`HTTP ${status}`, codeFromHttpStatus(status), header);
  try {
    return fromConnectError(errorFromJsonBytes(body, header, fallback));
  } catch {
    return fromConnectError(fallback);
  }
}

/** Whatever breaks between two processes may be whole again at the next try, or with the next process. */
function transportError(error: unknown, origin: string): DomainError {
  if (error instanceof DomainError) return error;
  return new UnavailableError(`cannot reach another process: address=${origin}`, { cause: error });
}
