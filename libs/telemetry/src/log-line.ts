import type { LogEvent } from "./logger.ts";

/** Longer texts are cut: a hostile label must not fill the disk through an error message. */
const MAX_TEXT_LENGTH = 8192;
const MAX_CAUSES = 5;

/** The keys that every line may begin with; a field of that name is renamed, so that it cannot pose as one. */
const RESERVED_KEYS: ReadonlySet<string> = new Set(["ts", "level", "component", "msg", "traceId"]);

/**
 * What JSON lets through and a terminal or a viewer does not take as text: codes that move the cursor or colour what
 * follows, and separators that some viewers break lines at.
 */
// oxlint-disable-next-line no-control-regex -- control characters are the subject
const UNSAFE_IN_JSON = /[\u007f-\u009f\u2028\u2029]/gu;
/** What may stand in logfmt without quotes: printable ASCII but for the space, `"`, `=` and the backslash. */
const BARE = /^[!#-<>-[\]-~]+$/u;

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
  for (const [key, value] of Object.entries(event.fields)) {
    if (value !== undefined) entries.push([RESERVED_KEYS.has(key) ? `field_${key}` : key, value]);
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
  return BARE.test(key) ? key : key.replaceAll(/[^!#-<>-[\]-~]/gu, "_");
}

function logfmtValue(value: unknown): string {
  const text = typeof value === "string" ? value : jsonValue(value);
  return BARE.test(text) ? text : quote(text);
}

function quote(text: string): string {
  return escapeUnsafe(JSON.stringify(text));
}

function escapeUnsafe(json: string): string {
  return json.replaceAll(
    UNSAFE_IN_JSON,
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
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  try {
    const json = JSON.stringify(value, (_, inner: unknown) => plain(inner)) ?? "null";
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
