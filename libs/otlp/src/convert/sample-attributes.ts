import { RejectedProfile } from "./converted-export.ts";
import type { AttributeFilter } from "./attribute-policy.ts";
import type { AttributeReader, TextAttribute } from "./attribute-reader.ts";

/** What the attributes of a sample say about its series. */
export interface SampleSeries {
  /** Attributes that become labels, sorted by key, keys distinct. */
  readonly attributes: readonly TextAttribute[];
  /** Value of `service.name`, which replaces that of the resource; empty when there is none. */
  readonly service: string;
}

const NO_ATTRIBUTES: SampleSeries = { attributes: [], service: "" };
const SERVICE_KEY = "service.name";

/** Turns lists of attributes, by their indexes, into the few distinct sets that make series. */
export class SampleAttributes {
  readonly #reader: AttributeReader;
  readonly #filter: AttributeFilter;
  readonly #byIndexes = new Map<string, SampleSeries>();
  readonly #byContent = new Map<string, SampleSeries>([["", NO_ATTRIBUTES]]);

  constructor(reader: AttributeReader, filter: AttributeFilter) {
    this.#reader = reader;
    this.#filter = filter;
  }

  /**
   * @param indexes - of the attribute table.
   * @throws {RejectedProfile} when one is out of range.
   */
  seriesOf(indexes: Uint32Array): SampleSeries {
    if (indexes.length === 0) return NO_ATTRIBUTES;
    const key = indexes.join();
    const known = this.#byIndexes.get(key);
    if (known !== undefined) return known;
    const series = this.#resolve(indexes);
    this.#byIndexes.set(key, series);
    return series;
  }

  #resolve(indexes: Uint32Array): SampleSeries {
    const kept = new Map<string, string>();
    let service = "";
    for (const index of indexes) {
      const attribute = this.#attribute(index);
      if (attribute.value === "") continue;
      if (attribute.key === SERVICE_KEY) service ||= attribute.value;
      else if (this.#filter.keepsOfSample(attribute.key) && !kept.has(attribute.key))
        kept.set(attribute.key, attribute.value);
    }
    return this.#intern(kept, service);
  }

  #attribute(index: number): TextAttribute {
    const attribute = this.#reader.tableEntry(index);
    if (attribute !== undefined) return attribute;
    if (index === 0) return { key: "", value: "" };
    throw new RejectedProfile(
      `attribute index out of range, or its strings are: attribute=${index} of a sample`,
    );
  }

  #intern(kept: ReadonlyMap<string, string>, service: string): SampleSeries {
    const attributes = Array.from(kept, ([key, value]) => ({ key, value })).sort((a, b) =>
      a.key < b.key ? -1 : 1,
    );
    let content = service;
    for (const { key, value } of attributes) content += `\u0000${key}\u0000${value}`;
    const known = this.#byContent.get(content);
    if (known !== undefined) return known;
    const series = { attributes, service };
    this.#byContent.set(content, series);
    return series;
  }
}
