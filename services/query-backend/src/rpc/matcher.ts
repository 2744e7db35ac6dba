import { conditionFromWire } from "@hearth/deletions";
import { createMatcher } from "@hearth/labels";
import type { LabelMatcher as WireMatcher } from "@hearth/proto/hearth/metastore/v1";
import type { LabelMatcher } from "@hearth/series-index";

/** @throws {InvalidArgumentError} for a type that this version does not know or a bad regular expression. */
export function matcherFromWire(wire: WireMatcher): LabelMatcher {
  return createMatcher(conditionFromWire(wire));
}
