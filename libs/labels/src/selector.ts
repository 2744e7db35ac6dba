import { InvalidArgumentError } from "@hearth/errors";
import { createMatcher, type Matcher, type MatchOperator } from "./matcher.ts";
import { SelectorLexer, SelectorProblem, type Token } from "./selector-lexer.ts";

/**
 * Parses a metric selector of Prometheus: `name{label="value",other=~"pattern"}`, either part may be absent. The name is
 * a matcher of `__name__`, after the others. `{}` selects everything.
 *
 * @throws {InvalidArgumentError} with line, column and cause, when it is none; callers put their own words in front.
 */
export function parseSelector(selector: string): Matcher[] {
  try {
    return new SelectorParser(selector).parse();
  } catch (error) {
    if (!(error instanceof SelectorProblem)) throw error;
    throw new InvalidArgumentError(`${place(selector, error.position)}: parse error: ${error.message}`, {
      cause: error,
    });
  }
}

class SelectorParser {
  readonly #lexer: SelectorLexer;
  readonly #matchers: Matcher[] = [];
  #token: Token;

  constructor(selector: string) {
    this.#lexer = new SelectorLexer(selector);
    this.#token = this.#lexer.next();
  }

  parse(): Matcher[] {
    const name = this.#token;
    if (name.type === "identifier") this.#advance();
    else if (name.type !== "{") throw unexpected(name, "");
    if (this.#isAt("{")) this.#braces();
    if (!this.#isAt("end")) throw unexpected(this.#token, "");
    if (name.type === "identifier") this.#add(name, { name: "__name__", operator: "=", value: name.text });
    return this.#matchers;
  }

  /** `{}`, `{a="b"}`, `{a="b",}`. */
  #braces(): void {
    this.#advance();
    while (!this.#isAt("}")) {
      this.#matcher();
      if (this.#isAt("}")) break;
      if (!this.#isAt(",")) throw unexpected(this.#token, ' in label matching, expected "," or "}"');
      this.#advance();
    }
    this.#advance();
  }

  /** `name="value"`, `"name"="value"`, or a quoted metric name alone. */
  #matcher(): void {
    const name = this.#token;
    if (name.type !== "identifier" && name.type !== "string") {
      throw unexpected(name, ' in label matching, expected identifier or "}"');
    }
    this.#advance();
    if (name.type === "string" && (this.#isAt(",") || this.#isAt("}"))) {
      this.#add(name, { name: "__name__", operator: "=", value: name.text });
      return;
    }
    if (!this.#isAt("operator")) {
      throw unexpected(this.#token, " in label matching, expected label matching operator");
    }
    const operator = this.#token.text as MatchOperator;
    this.#advance();
    if (!this.#isAt("string")) throw unexpected(this.#token, " in label matching, expected string");
    this.#add(name, { name: name.text, operator, value: this.#token.text });
    this.#advance();
  }

  #add(at: Token, condition: Pick<Matcher, "name" | "operator" | "value">): void {
    try {
      this.#matchers.push(createMatcher(condition));
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new SelectorProblem(error.message, at.start);
    }
  }

  #isAt(type: Token["type"]): boolean {
    return this.#token.type === type;
  }

  #advance(): void {
    this.#token = this.#lexer.next();
  }
}

function unexpected(token: Token, context: string): SelectorProblem {
  return new SelectorProblem(`unexpected ${token.description}${context}`, token.start);
}

/** `line:column`, columns in bytes, both from 1. */
function place(selector: string, position: number): string {
  if (selector === "") return "unknown position";
  const before = selector.slice(0, position);
  const lineStart = before.lastIndexOf("\n") + 1;
  return `${before.split("\n").length}:${Buffer.byteLength(before.slice(lineStart)) + 1}`;
}
