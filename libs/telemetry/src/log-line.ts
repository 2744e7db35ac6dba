import type { LogEvent } from "./logger.ts";

/** Longer texts are cut: a hostile label must not fill the disk through an error message. */
const MAX_TEXT_LENGTH = 8192;
const MAX_CAUSES = 5;

/**
 * What neither format may let through unescaped: control characters (a log line is shown on terminals, where they
 * move the cursor or colour the text), the line separators that some viewers break lines at, and lone surrogates.
 */
// oxlint-disable-next-line no-control-regex -- control characters are the subject
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Surrogate}/gu;
/** A logfmt value that needs no quotes. */
const BARE = /^[^\s"=\\]+$/u;

export type LogFormat = "json" | "logfmt";

/** When it happened, and within which trace. */
export interface LogContext {
  readonly unixMs: number;
  readonly traceId: string | undefined;
}

/** One event as one line, without the line end. */
export function formatLogLine(format: LogFormat, event: LogEvent, context: LogContext): string {
  const entries: [string, unknown][] = [
    ["ts", new Date(context.unixMs).toISOString()],
    ["level", event.level],
  ];
  if (event.component !== undefined) entries.push(["component", event.component]);
  entries.push(["msg", event.message]);
  if (context.traceId !== undefined) entries.push(["traceId", context.traceId]);
  const taken = new Set(entries.map(([key]) => key));
  for (const [key, value] of Object.entries(event.fields)) {
    if (value !== undefined) entries.push([taken.has(key) ? `field_${key}` : key, value]);
  }
  return format === "json" ? jsonLine(entries) : logfmtLine(entries);
}

function jsonLine(entries: readonly [string, unknown][]): string {
  const members = entries.map(([key, value]) => `${quote(key)}:${jsonValue(plain(value))}`);
  return `{${members.join(",")}}`;
}

function logfmtLine(entries: readonly [string, unknown][]): string {
  return entries.map(([key, value]) => `${logfmtKey(key)}=${logfmtValue(plain(value))}`).join(" ");
}

function logfmtKey(key: string): string {
  return key.replaceAll(/[\s"=]/gu, "_").replaceAll(UNSAFE, "_");
}

function logfmtValue(value: unknown): string {
  const text = typeof value === "string" ? value : jsonValue(value);
  return BARE.test(text) && text.search(UNSAFE) < 0 ? text : quote(text);
}

function quote(text: string): string {
  return escapeUnsafe(JSON.stringify(text));
}

function escapeUnsafe(json: string): string {
  return json.replaceAll(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A value as JSON can carry it, with long texts cut. */
function plain(value: unknown): unknown {
  switch (typeof value) {
    case "string":
      return cut(value);
    case "bigint":
      return value.toString();
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "symbol":
    case "function":
      return String(value);
    default:
      return isError(value) ? cut(describeError(value)) : value;
  }
}

function jsonValue(value: unknown): string {
  try {
    const json =
      JSON.stringify(value, (_, inner: unknown) => (inner === value ? inner : plain(inner))) ?? "null";
    return escapeUnsafe(json);
  } catch {
    return '"[not serializable]"';
  }
}

/** `name: message: cause: …`, and the stack of an error that nobody expected. */
function describeError(error: Error): string {
  const messages: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && isError(current); depth++) {
    messages.push(`${current.name}: ${current.message}`);
    current = current.cause;
  }
  const expected = "code" in error;
  return expected || error.stack === undefined
    ? messages.join(" <- ")
    : `${messages.join(" <- ")}\n${error.stack}`;
}

/** Errors from a worker or another realm are no `instanceof Error` here. */
function isError(value: unknown): value is Error {
  return (
    value instanceof Error ||
    (typeof value === "object" &&
      value !== null &&
      Object.prototype.toString.call(value) === "[object Error]")
  );
}

function cut(text: string): string {
  return text.length <= MAX_TEXT_LENGTH
    ? text
    : `${text.slice(0, MAX_TEXT_LENGTH)}… (${text.length} characters)`;
}
