import { InvalidArgumentError } from "@hearth/errors";
import type { Label } from "@hearth/labels";

/** The parameter `name` of `/ingest`: `service{key=value,key=value}`. */
export interface ApplicationName {
  readonly service: string;
  /** Tags, the last value of a key wins. */
  readonly tags: readonly Label[];
}

const SERVICE_CHARACTERS = /[A-Za-z0-9_.\-/]/;
const KEY_CHARACTERS = /[A-Za-z0-9_.]/;

/**
 * Reads an application name. There is no quoting: values hold neither `,` nor `}`, but may hold `=`.
 *
 * @throws {InvalidArgumentError} `name: …` when it is not of this form. What is not closed, or goes on after the
 * closing brace, is refused: guessing would lose a tag.
 */
export function parseApplicationName(text: string): ApplicationName {
  const open = text.indexOf("{");
  const service = (open < 0 ? text : text.slice(0, open)).trim();
  checkService(service);
  if (open < 0) return { service, tags: [] };
  const body = text.slice(open + 1);
  const close = body.indexOf("}");
  if (close < 0) throw problem("tags are not closed by '}'");
  if (body.slice(close + 1).trim() !== "")
    throw problem(`unexpected text after '}': ${body.slice(close + 1).trim()}`);
  return { service, tags: parseTags(body.slice(0, close)) };
}

function parseTags(text: string): Label[] {
  const tags = new Map<string, string>();
  for (const pair of text.split(",")) {
    if (pair.trim() === "") continue;
    const equals = pair.indexOf("=");
    if (equals < 0) throw problem(`label without a value: ${pair.trim()}`);
    const name = pair.slice(0, equals).trim();
    checkKey(name);
    tags.set(name, pair.slice(equals + 1).trim());
  }
  return Array.from(tags, ([name, value]) => ({ name, value }));
}

function checkService(service: string): void {
  if (service === "") throw problem("service name is required");
  const bad = firstNot(service, SERVICE_CHARACTERS);
  if (bad !== undefined)
    throw problem(`invalid service name: ${service}: character is not allowed: '${bad}'`);
}

function checkKey(name: string): void {
  if (name === "") throw problem("label name is required");
  const bad = firstNot(name, KEY_CHARACTERS);
  if (bad !== undefined) throw problem(`invalid label name: ${name}: character is not allowed: '${bad}'`);
}

function firstNot(text: string, allowed: RegExp): string | undefined {
  return Array.from(text).find((character) => !allowed.test(character));
}

function problem(reason: string): InvalidArgumentError {
  return new InvalidArgumentError(`name: ${reason}`);
}
