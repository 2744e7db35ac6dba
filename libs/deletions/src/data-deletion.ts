import { createMatcher, labelValue, type Labels, type Matcher } from "@hearth/labels";

/** What a matcher asks of one label, without the means to decide it: it may go to another thread. */
export type LabelCondition = Pick<Matcher, "name" | "operator" | "value">;

/**
 * Rows that a tenant wants deleted: a predicate on data, and not on blocks, so that whatever comes late and is covered is
 * deleted too. The time of a row counts in whole milliseconds.
 */
export interface DataDeletion {
  /** Rises with each request. */
  readonly number: number;
  readonly tenant: string;
  /** A conjunction over the labels of a series; all series when empty. */
  readonly matchers: readonly LabelCondition[];
  /** Unix milliseconds, half-open. */
  readonly startMs: number;
  readonly endMs: number;
}

/** A deletion that can tell whether it covers a series. */
export interface CompiledDeletion extends DataDeletion {
  readonly matchers: readonly Matcher[];
}

/** @throws {InvalidArgumentError} when a matcher has a bad regular expression. */
export function compileDeletion<D extends DataDeletion>(deletion: D): D & CompiledDeletion {
  return { ...deletion, matchers: deletion.matchers.map(createMatcher) };
}

/** Whether a series with these labels is one of those whose rows go. */
export function coversLabels(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every((matcher) => matcher.matches(labelValue(labels, matcher.name)));
}
