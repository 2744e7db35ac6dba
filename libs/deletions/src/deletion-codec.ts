import { InvalidArgumentError } from "@hearth/errors";
import type { MatchOperator } from "@hearth/labels";
import {
  MatchType,
  type BlockDeletions,
  type DataDeletion as WireDeletion,
  type LabelMatcher as WireMatcher,
} from "@hearth/proto/hearth/metastore/v1";
import type { DataDeletion, LabelCondition } from "./data-deletion.ts";

const OPERATORS: ReadonlyMap<MatchType, MatchOperator> = new Map([
  [MatchType.EQUAL, "="],
  [MatchType.NOT_EQUAL, "!="],
  [MatchType.REGEX, "=~"],
  [MatchType.NOT_REGEX, "!~"],
]);
const MATCH_TYPES: Readonly<Record<MatchOperator, MatchType>> = {
  "=": MatchType.EQUAL,
  "!=": MatchType.NOT_EQUAL,
  "=~": MatchType.REGEX,
  "!~": MatchType.NOT_REGEX,
};

/** @throws {InvalidArgumentError} for a type that this version does not know. */
export function conditionFromWire({ name, value, type }: WireMatcher): LabelCondition {
  const operator = OPERATORS.get(type);
  if (!operator) throw new InvalidArgumentError(`unknown match type: type=${type}`);
  return { name, operator, value };
}

export function conditionToWire({ name, operator, value }: LabelCondition): WireMatcher {
  return { $typeName: "hearth.metastore.v1.LabelMatcher", name, value, type: MATCH_TYPES[operator] };
}

/** @throws {InvalidArgumentError} when a matcher is of an unknown type, or a number is out of range. */
export function deletionFromWire(wire: WireDeletion): DataDeletion {
  return {
    number: exact("number", wire.number),
    tenant: wire.tenant,
    matchers: wire.matchers.map(conditionFromWire),
    startMs: exact("start_time_ms", wire.startTimeMs),
    endMs: exact("end_time_ms", wire.endTimeMs),
  };
}

export function deletionToWire({ number, tenant, matchers, startMs, endMs }: DataDeletion): WireDeletion {
  return {
    $typeName: "hearth.metastore.v1.DataDeletion",
    number: BigInt(number),
    tenant,
    matchers: matchers.map(conditionToWire),
    startTimeMs: BigInt(startMs),
    endTimeMs: BigInt(endMs),
  };
}

/**
 * Brings each block together with the deletions that touch it.
 *
 * @returns by position of the block; blocks without deletions are absent.
 * @throws {InvalidArgumentError} when a position is out of range.
 */
export function deletionsOfBlock<D>(
  links: readonly BlockDeletions[],
  deletions: readonly D[],
): ReadonlyMap<number, readonly D[]> {
  return new Map(
    links.map((link) => [
      link.block,
      link.deletions.map((position) => {
        const deletion = deletions[position];
        if (deletion === undefined) throw new InvalidArgumentError(`no such deletion: position=${position}`);
        return deletion;
      }),
    ]),
  );
}

function exact(field: string, value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new InvalidArgumentError(`a number of a deletion is out of range: ${field}=${value}`);
  }
  return number;
}
