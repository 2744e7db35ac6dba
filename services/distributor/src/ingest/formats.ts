import { InvalidArgumentError } from "@hearth/errors";

/** What a body of `/ingest` is. */
export type IngestFormat = "pprof" | "jfr" | "trie" | "tree" | "lines" | "groups" | "speedscope";

/** The formats that are read today. The others have their place in `readItem` of `ingest-route.ts`. */
const READ: ReadonlySet<IngestFormat> = new Set(["pprof"]);

const NAMED: ReadonlySet<string> = new Set(["trie", "tree", "lines", "jfr", "pprof", "speedscope"]);

/** A form is a form whatever `format` says of the profile inside; a name that nobody knows means folded stacks. */
export function detectFormat(format: string, contentType: string): IngestFormat {
  if (NAMED.has(format)) return format as IngestFormat;
  if (contentType.includes("binary/octet-stream+trie")) return "trie";
  if (contentType.includes("binary/octet-stream+tree")) return "tree";
  return isForm(contentType) ? "pprof" : "groups";
}

/** Whether a body is a form, by its content type. */
export function isForm(contentType: string): boolean {
  return contentType.toLowerCase().includes("multipart/form-data");
}

/**
 * @throws {InvalidArgumentError} naming what could be sent instead. Not `unimplemented`: agents repeat what is answered
 * with 5xx, which cannot help here.
 */
export function requireReadable(format: IngestFormat): void {
  if (READ.has(format)) return;
  throw new InvalidArgumentError(
    `format ${format} is not supported yet: send pprof (format=pprof), or OpenTelemetry profiles`,
  );
}
