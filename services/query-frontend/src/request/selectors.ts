import type { MessageInitShape } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "@hearth/errors";
import {
  formatProfileType,
  goQuote,
  type Matcher as LabelMatcher,
  type MatchOperator,
  parseProfileType,
  parseSelector,
  type ProfileType,
} from "@hearth/labels";
import { type LabelMatcherSchema, MatchType } from "@hearth/proto/hearth/metastore/v1";

export { parseProfileType, type ProfileType } from "@hearth/labels";

/** A condition on one label, as it travels to metastore and backends. */
export type Matcher = MessageInitShape<typeof LabelMatcherSchema>;

export const PROFILE_TYPE_LABEL = "__profile_type__";
export const SERVICE_NAME_LABEL = "service_name";
const METRIC_NAME_LABEL = "__name__";

/** Leaves out profiles whose stacks sampling has removed. */
export const NOT_STRIPPED: Matcher = { name: "__sampled__", value: "true", type: MatchType.NOT_EQUAL };

/** What a query for profiles of one type is about. */
export interface ProfileSelection {
  readonly profileType: ProfileType;
  /** Those of the selector, and the profile type. */
  readonly matchers: readonly Matcher[];
}

/** @throws {InvalidArgumentError} if either cannot be read. */
export function profileSelection(profileTypeId: string, selector: string): ProfileSelection {
  const profileType = parseProfileType(profileTypeId);
  return selectionOf(profileType, parsed(selector, `parsing label selector ${goQuote(selector)}`));
}

/**
 * A query of the older HTTP calls: `<profile type id>{selector}` or `{__name__="<profile type id>",...}`.
 *
 * @throws {InvalidArgumentError} if it cannot be read or names no profile type.
 */
export function profileSelectionOfQuery(query: string): ProfileSelection {
  if (query === "") throw new InvalidArgumentError('"query" is required');
  const matchers = parsed(query, 'failed to parse "query"');
  const typeMatcher = matchers.find(({ name, operator }) => name === METRIC_NAME_LABEL && operator === "=");
  if (!typeMatcher) throw new InvalidArgumentError('"query" must contain a profile-type selection');
  return selectionOf(
    parseProfileType(typeMatcher.value),
    matchers.filter((matcher) => matcher !== typeMatcher),
  );
}

/**
 * The matchers of a call about labels: all selectors together, as one conjunction. `<profile type id>{}`, which
 * dashboards send, means the profile type, not a metric of that name.
 *
 * @param failure - what the message of an error begins with.
 */
export function labelMatchers(selectors: readonly string[], failure: string): Matcher[] {
  return selectors
    .flatMap((selector) => parsed(selector, `${failure} ${goQuote(selector)}`))
    .map((matcher) => wireMatcher(asProfileType(matcher)));
}

/** The profile type that an id names, if it is one. */
export function profileTypeOrNone(id: string): ProfileType | undefined {
  try {
    return parseProfileType(id);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return undefined;
    throw error;
  }
}

function selectionOf(profileType: ProfileType, matchers: readonly LabelMatcher[]): ProfileSelection {
  const typeMatcher = {
    name: PROFILE_TYPE_LABEL,
    value: formatProfileType(profileType),
    type: MatchType.EQUAL,
  };
  return { profileType, matchers: [...matchers.map(wireMatcher), typeMatcher] };
}

function parsed(selector: string, failure: string): readonly LabelMatcher[] {
  try {
    return parseSelector(selector);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new InvalidArgumentError(`${failure}: ${error.message}`, { cause: error });
  }
}

type Condition = Pick<LabelMatcher, "name" | "operator" | "value">;

function asProfileType(matcher: LabelMatcher): Condition {
  if (matcher.name !== METRIC_NAME_LABEL || matcher.operator !== "=") return matcher;
  const type = profileTypeOrNone(matcher.value);
  return type ? { name: PROFILE_TYPE_LABEL, operator: "=", value: formatProfileType(type) } : matcher;
}

const MATCH_TYPES: Readonly<Record<MatchOperator, MatchType>> = {
  "=": MatchType.EQUAL,
  "!=": MatchType.NOT_EQUAL,
  "=~": MatchType.REGEX,
  "!~": MatchType.NOT_REGEX,
};

function wireMatcher({ name, operator, value }: Condition): Matcher {
  return { name, value, type: MATCH_TYPES[operator] };
}
