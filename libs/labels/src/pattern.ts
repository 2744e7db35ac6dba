import { RE2JS, RE2JSException } from "re2js";
import { InvalidArgumentError } from "@hearth/errors";

/**
 * Regular expressions of users: RE2 syntax, linear time, anchored at both ends, dot matches newline. What most of them
 * are - a literal, some literals, a prefix, a suffix - is recognised and needs no engine.
 */

/** Longest pattern, in bytes of UTF-8. */
const MAX_PATTERN_BYTES = 4096;
/** Patterns kept; a query has few, a relabelling configuration some. */
const CACHE_CAPACITY = 512;

export type TextPredicate = (text: string) => boolean;

const cache = new Map<string, TextPredicate>();

/**
 * The predicate that a pattern describes. Cached: asking again for a recent pattern costs a lookup.
 *
 * @throws {InvalidArgumentError} when it is no pattern, or longer than 4 KiB.
 */
export function compilePattern(pattern: string): TextPredicate {
  const known = cache.get(pattern);
  const predicate = known ?? simplePredicate(pattern) ?? enginePredicate(pattern);
  cache.delete(pattern);
  cache.set(pattern, predicate); // the most recently used last
  if (cache.size > CACHE_CAPACITY) cache.delete(cache.keys().next().value ?? "");
  return predicate;
}

/**
 * A compiled pattern for callers that need its groups; dot matches newline, not anchored by itself.
 *
 * @throws {InvalidArgumentError} when it is no pattern, or longer than 4 KiB.
 */
export function compileEngine(pattern: string): RE2JS {
  if (Buffer.byteLength(pattern) > MAX_PATTERN_BYTES) {
    throw new InvalidArgumentError(`regular expression is too long: max ${MAX_PATTERN_BYTES} bytes`);
  }
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new InvalidArgumentError(error.message, { cause: error });
  }
}

function enginePredicate(pattern: string): TextPredicate {
  const engine = compileEngine(pattern);
  const prefix = literalPrefix(pattern);
  return (text) => text.startsWith(prefix) && engine.matches(text);
}

/** Text with which everything that a pattern matches begins; asking for it first spares most texts the engine. */
function literalPrefix(pattern: string): string {
  if (pattern.includes("|")) return "";
  const plain = /^[^.+*?()|[\]{}^$\\]*/u.exec(pattern)?.[0] ?? "";
  // A quantifier that allows none takes its character back.
  const isOptional = /^[*?{]/.test(pattern.slice(plain.length));
  return isOptional ? Array.from(plain).slice(0, -1).join("") : plain;
}

/** The predicate of a pattern that needs no engine, or nothing. Every shape here means the same to RE2. */
function simplePredicate(pattern: string): TextPredicate | undefined {
  if (pattern === ".*") return () => true;
  if (pattern === ".+") return (text) => text !== "";
  return literals(pattern) ?? containment(pattern);
}

/** `a`, `a|b`, `(a|b)`, `(?:a|b)`. */
function literals(pattern: string): TextPredicate | undefined {
  const inner = /^\((?:\?:)?([^()?][^()]*)\)$/.exec(pattern)?.[1] ?? pattern;
  if (inner.includes("\\|")) return undefined;
  const wanted = new Set<string>();
  for (const alternative of inner.split("|")) {
    const literal = literalOf(alternative);
    if (literal === undefined) return undefined;
    wanted.add(literal);
  }
  const [only] = wanted;
  return wanted.size === 1 ? (text) => text === only : (text) => wanted.has(text);
}

/** `a.*`, `a.+`, `.*a`, `.+a`, `.*a.*`, and `a` with characters that are escaped. */
function containment(pattern: string): TextPredicate | undefined {
  const [, before = "", middle = "", after = ""] = /^(\.[*+])?(.*?)(\.[*+])?$/su.exec(pattern) ?? [];
  const literal = literalOf(middle);
  if (literal === undefined || literal === "") return undefined;
  const least = literal.length + (before === ".+" ? 1 : 0) + (after === ".+" ? 1 : 0);
  if (before === "" && after === "") return (text) => text === literal;
  if (before === "") return (text) => text.length >= least && text.startsWith(literal);
  if (after === "") return (text) => text.length >= least && text.endsWith(literal);
  return before === ".*" && after === ".*" ? (text) => text.includes(literal) : undefined;
}

/** The text that a pattern without operators matches. */
function literalOf(pattern: string): string | undefined {
  let literal = "";
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern.charAt(i);
    if (character === "\\") {
      const escaped = pattern.charAt(++i);
      if (!/[\\.+*?()|[\]{}^$/-]/.test(escaped)) return undefined;
      literal += escaped;
    } else if (/[.+*?()|[\]{}^$]/.test(character)) return undefined;
    else literal += character;
  }
  return literal.isWellFormed() ? literal : undefined;
}
