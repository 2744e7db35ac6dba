import { assertNever } from "@hearth/errors";
import { compilePattern, type TextPredicate } from "./pattern.ts";

export type MatchOperator = "=" | "!=" | "=~" | "!~";

/** A condition on one label. A series without the label has the empty value. */
export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  /** Text for `=` and `!=`, a regular expression for the others. */
  readonly value: string;
  matches(value: string): boolean;
}

/** A name that may stand without quotes. */
const CLASSIC_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** @throws {InvalidArgumentError} when `value` should be a regular expression and is none, or is longer than 4 KiB. */
export function createMatcher(condition: Pick<Matcher, "name" | "operator" | "value">): Matcher {
  const { name, operator, value } = condition;
  return { name, operator, value, matches: predicateOf(operator, value) };
}

/** Whether a label name is `[a-zA-Z_][a-zA-Z0-9_]*`, which is all that older clients understand. */
export function isClassicLabelName(name: string): boolean {
  return CLASSIC_NAME.test(name);
}

function predicateOf(operator: MatchOperator, value: string): TextPredicate {
  switch (operator) {
    case "=":
      return (text) => text === value;
    case "!=":
      return (text) => text !== value;
    case "=~":
      return compilePattern(value);
    case "!~":
      return not(compilePattern(value));
    default:
      return assertNever(operator);
  }
}

function not(predicate: TextPredicate): TextPredicate {
  return (text) => !predicate(text);
}
