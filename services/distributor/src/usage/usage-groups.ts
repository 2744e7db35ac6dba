import {
  parseLabelTemplate,
  parseSelector,
  type Label,
  type LabelTemplate,
  type Matcher,
} from "@hearth/labels";

/** A usage group that a series belongs to. */
export interface UsageGroup {
  /** Its name with labels filled in: `team/${labels.team}` is `team/shop`. */
  readonly name: string;
  /** Its name as the tenant configured it. */
  readonly configuredName: string;
}

interface Rule {
  readonly configuredName: string;
  readonly template: LabelTemplate;
  readonly matchers: readonly Matcher[];
}

/** The usage groups of a tenant, compiled. */
export class UsageGroups {
  readonly #rules: readonly Rule[];

  /** @param selectors - by name, checked when limits are read. */
  constructor(selectors: Readonly<Record<string, string>>) {
    this.#rules = Object.entries(selectors).map(([configuredName, selector]) => ({
      configuredName,
      template: parseLabelTemplate(configuredName),
      matchers: parseSelector(selector),
    }));
  }

  /**
   * The groups of a series, in the order in which they are configured.
   *
   * @remarks Unlike in a query, a label that the series lacks matches nothing, not even `{pod!="a"}`.
   */
  of(labels: readonly Label[]): UsageGroup[] {
    const values = new Map(labels.map(({ name, value }) => [name, value]));
    const groups: UsageGroup[] = [];
    for (const { configuredName, template, matchers } of this.#rules) {
      if (!matchers.every((matcher) => matchesPresent(matcher, values))) continue;
      const name = template.expand(labels);
      if (name !== undefined) groups.push({ name, configuredName });
    }
    return groups;
  }
}

function matchesPresent(matcher: Matcher, values: ReadonlyMap<string, string>): boolean {
  const value = values.get(matcher.name);
  return value !== undefined && matcher.matches(value);
}
