import type { Seed } from "./seeds.ts";

export interface FuzzAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly grpcStatus: string | undefined;
  readonly body: Uint8Array;
}

/** Who asks. Parts also tell each other that what they were given, or what is stored, is damaged. */
export type Asker = "client" | "part";

/** Connect codes that say that the client's request, or a limit, is the reason. */
const CLIENT_CODES = new Set([
  "canceled",
  "invalid_argument",
  "deadline_exceeded",
  "not_found",
  "already_exists",
  "permission_denied",
  "resource_exhausted",
  "failed_precondition",
  "aborted",
  "out_of_range",
  "unimplemented",
  "unauthenticated",
]);
/** Numbers of unknown, internal, unavailable and data loss: nothing of that is a client's fault. */
const SERVER_STATUSES: ReadonlySet<number> = new Set([2, 13, 14, 15]);
/** gRPC itself calls a message that cannot be decoded, or is compressed in an unknown way, `internal`. */
const UNREADABLE_MESSAGE = /parse%20binary|received%20compressed%20envelope/u;
/** `data_loss`, by name or by number. */
const DAMAGE = /^\{"code":"data_loss"|grpc-status: ?15\b|^15$/u;
const UNIMPLEMENTED = 501;
/** An upload to `/ingest` that cannot be read has the code `unknown`, as the original has it. */
const UNPROCESSABLE = 422;
const DEADLINE = 504;
/** At either end of a large answer. */
const LOOKED_AT_BYTES = 50_000;
/** A stack trace, or the name of a source file. */
const INSIDES = /\n\s+at |\/src\/[\w/-]+\.ts|node:internal/u;

/** What is wrong with an answer to a bad request, in a sentence; undefined when it is as it should be. */
export function judgeAnswer(request: Seed, answer: FuzzAnswer, asker: Asker): string | undefined {
  const { status, body } = answer;
  const text = textOf(body);
  if (asker === "part" && DAMAGE.test(answer.grpcStatus ?? text)) return undefined;
  if (status >= 500 && status !== UNIMPLEMENTED && status !== DEADLINE)
    return `status ${status}: ${text.slice(0, 300)}`;
  if (status >= 400 && INSIDES.test(text)) return `it shows its insides: ${text.slice(0, 300)}`;
  return judgeGrpc(answer, text) ?? judgeJson(request, answer);
}

/** Both ends: errors come first, and gRPC-Web says last how it went. */
function textOf(body: Uint8Array): string {
  const isShort = body.length <= 2 * LOOKED_AT_BYTES;
  const ends = isShort ? [body] : [body.subarray(0, LOOKED_AT_BYTES), body.subarray(-LOOKED_AT_BYTES)];
  return Buffer.concat(ends).toString("latin1");
}

/** Of plain gRPC the trailers cannot be seen here; gRPC-Web has them in its body. */
function judgeGrpc({ contentType, grpcStatus }: FuzzAnswer, text: string): string | undefined {
  const isWeb = /^application\/grpc-web(?:\+|$)/u.test(contentType);
  const status = grpcStatus ?? (isWeb ? /grpc-status:\s*(\d+)/iu.exec(text)?.[1] : undefined);
  if (status === undefined)
    return isWeb ? `gRPC-Web answer without a status: ${text.slice(0, 300)}` : undefined;
  const isOurs = SERVER_STATUSES.has(Number(status)) && !UNREADABLE_MESSAGE.test(text);
  return isOurs ? `gRPC status ${status}: ${text.slice(0, 300)}` : undefined;
}

function judgeJson({ method }: Seed, { status, contentType, body }: FuzzAnswer): string | undefined {
  if (!contentType.startsWith("application/json") || method === "HEAD") return undefined;
  const json = parsed(body);
  if (json === undefined) return `broken JSON: ${Buffer.from(body).toString("latin1").slice(0, 300)}`;
  if (status < 400 || status === UNPROCESSABLE) return undefined;
  const { code, message } = json as { code?: unknown; message?: unknown };
  const isRefusal = isClientCode(code) && (message === undefined || typeof message === "string");
  return isRefusal ? undefined : `no proper refusal: ${JSON.stringify(json).slice(0, 300)}`;
}

/** Connect names its codes; OTLP numbers them, as `google.rpc.Status` does. */
function isClientCode(code: unknown): boolean {
  return typeof code === "number" ? !SERVER_STATUSES.has(code) : CLIENT_CODES.has(String(code));
}

function parsed(body: Uint8Array): object | undefined {
  try {
    return JSON.parse(Buffer.from(body).toString()) as object;
  } catch {
    return undefined;
  }
}
