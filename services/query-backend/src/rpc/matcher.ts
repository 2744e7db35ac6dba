import { InvalidArgumentError } from "@hearth/errors";
import { createMatcher, type MatchOperator } from "@hearth/labels";
import { MatchType, type LabelMatcher as WireMatcher } from "@hearth/proto/hearth/metastore/v1";
import type { LabelMatcher } from "@hearth/series-index";

const OPERATORS: ReadonlyMap<MatchType, MatchOperator> = new Map([
  [MatchType.EQUAL, "="],
  [MatchType.NOT_EQUAL, "!="],
  [MatchType.REGEX, "=~"],
  [MatchType.NOT_REGEX, "!~"],
]);

/** @throws {InvalidArgumentError} for a type that this version does not know or a bad regular expression. */
export function matcherFromWire({ name, type, value }: WireMatcher): LabelMatcher {
  const operator = OPERATORS.get(type);
  if (!operator) throw new InvalidArgumentError(`unknown match type: ${type}`);
  return createMatcher({ name, operator, value });
}
