import { goQuote } from "./go-quote.ts";

/** A piece of a selector. `text` is as written, but of a string: its content. */
export interface Token {
  readonly type: "identifier" | "string" | "operator" | "{" | "}" | "," | "end" | "other";
  readonly text: string;
  /** As messages name it. */
  readonly description: string;
  /** Index of its first UTF-16 unit. */
  readonly start: number;
}

/** What is wrong, and where: an index into the selector, or its end. */
export class SelectorProblem extends Error {
  override readonly name = "SelectorProblem";
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

const BLANK_OR_COMMENT = /(?:[ \t\r\n]+|#[^\r\n]*)*/y;
/** Colons belong to metric names, so a whole profile type is one name; inside braces they do not occur. */
const OUTER_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const INNER_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const OPERATOR = /=~|!~|!=|=/y;

/** Cuts a selector into tokens, one at a time: what a character means depends on the braces around it. */
export class SelectorLexer {
  readonly #source: string;
  #position = 0;
  #isInside = false;

  constructor(source: string) {
    this.#source = source;
  }

  /** @throws {SelectorProblem} at a character that begins no token. */
  next(): Token {
    this.#take(BLANK_OR_COMMENT);
    const start = this.#position;
    const character = this.#character();
    if (character === "") return this.#end(start);
    if (character === '"' || character === "'") return this.#quoted(start, character);
    if (character === "`") return this.#raw(start);
    return this.#isInside ? this.#inside(start, character) : this.#outside(start, character);
  }

  #end(start: number): Token {
    if (this.#isInside) throw new SelectorProblem("unexpected end of input inside braces", start);
    return { type: "end", text: "", description: "end of input", start };
  }

  #outside(start: number, character: string): Token {
    const name = this.#take(OUTER_NAME);
    if (name !== "")
      return { type: "identifier", text: name, description: `identifier ${goQuote(name)}`, start };
    this.#position += character.length;
    if (character === "{") {
      this.#isInside = true;
      return { type: "{", text: "{", description: goQuote("{"), start };
    }
    return { type: "other", text: character, description: goQuote(character), start };
  }

  #inside(start: number, character: string): Token {
    const name = this.#take(INNER_NAME);
    if (name !== "")
      return { type: "identifier", text: name, description: `identifier ${goQuote(name)}`, start };
    const operator = this.#take(OPERATOR);
    if (operator !== "") return { type: "operator", text: operator, description: goQuote(operator), start };
    this.#position += character.length;
    if (character === ",") return { type: ",", text: ",", description: goQuote(","), start };
    if (character === "}") {
      this.#isInside = false;
      return { type: "}", text: "}", description: goQuote("}"), start };
    }
    throw new SelectorProblem(`unexpected character inside braces: '${character}'`, start);
  }

  #raw(start: number): Token {
    const close = this.#source.indexOf("`", start + 1);
    if (close < 0) throw new SelectorProblem("unterminated raw string", start);
    this.#position = close + 1;
    return this.#string(start, this.#source.slice(start + 1, close));
  }

  #quoted(start: number, quote: string): Token {
    this.#position = start + 1;
    const bytes: Buffer[] = [];
    for (;;) {
      const character = this.#character();
      if (character === "" || character === "\n") {
        throw new SelectorProblem("unterminated quoted string", start);
      }
      this.#position += character.length;
      if (character === quote) return this.#string(start, Buffer.concat(bytes).toString());
      bytes.push(character === "\\" ? this.#escape(start, quote) : Buffer.from(character));
    }
  }

  #string(start: number, text: string): Token {
    const written = this.#source.slice(start, this.#position);
    return { type: "string", text, description: `string ${goQuote(written)}`, start };
  }

  /** What follows a backslash, as in Go: an escape may stand for a byte, which need not be a character by itself. */
  #escape(start: number, quote: string): Buffer {
    const character = this.#character();
    if (character === "") throw new SelectorProblem("escape sequence not terminated", start);
    const short = SHORT_ESCAPES.get(character) ?? (character === quote ? quote : undefined);
    if (short === undefined) return this.#numeric(start, character);
    this.#position += 1;
    return Buffer.from(short);
  }

  #numeric(start: number, character: string): Buffer {
    const octal = this.#take(OCTAL_ESCAPE);
    if (octal !== "") return byte(parseInt(octal, 8), start);
    const hex = this.#take(HEX_ESCAPE);
    if (hex.startsWith("x")) return byte(parseInt(hex.slice(1), 16), start);
    if (hex !== "") return codePoint(parseInt(hex.slice(1), 16), start);
    if (/[0-7xuU]/.test(character)) {
      throw new SelectorProblem("illegal character in escape sequence", start);
    }
    throw new SelectorProblem(`unknown escape sequence ${unicodeName(character)}`, start);
  }

  /** The character at the position, both halves of a surrogate pair, or nothing at the end. */
  #character(): string {
    const code = this.#source.codePointAt(this.#position);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  /** Takes what a sticky pattern matches here. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const taken = pattern.exec(this.#source)?.[0] ?? "";
    this.#position += taken.length;
    return taken;
  }
}

const OCTAL_ESCAPE = /[0-7]{3}/y;
const HEX_ESCAPE = /x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}/y;

const SHORT_ESCAPES = new Map([
  ["a", "\u0007"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
]);

function byte(value: number, start: number): Buffer {
  if (value > 0xff) throw new SelectorProblem("escape sequence is an invalid byte", start);
  return Buffer.of(value);
}

function codePoint(value: number, start: number): Buffer {
  if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
    throw new SelectorProblem("escape sequence is an invalid Unicode code point", start);
  }
  return Buffer.from(String.fromCodePoint(value));
}

/** `U+0071 'q'` */
function unicodeName(character: string): string {
  const digits = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `U+${digits} '${character}'`;
}
