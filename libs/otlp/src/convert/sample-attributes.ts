import { RejectedProfile } from "./converted-export.ts";
import type { AttributeFilter } from "./attribute-policy.ts";
import type { AttributeReader, TextAttribute } from "./attribute-reader.ts";

/** What the attributes of a sample say about its series; one object for each distinct answer. */
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
  readonly #byContent = new Map<string, SampleSeries>();
  readonly #numbers = new Map<string, number>();

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
      const { key, value } = this.#attribute(index);
      if (value === "") continue;
      if (key === SERVICE_KEY) service ||= value;
      else if (!kept.has(key) && this.#filter.keepsOfSample(key)) kept.set(key, value);
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
    const numbers = attributes.flatMap(({ key, value }) => [this.#number(key), this.#number(value)]);
    const content = [this.#number(service), ...numbers].join();
    const known = this.#byContent.get(content);
    if (known !== undefined) return known;
    const series = attributes.length === 0 && service === "" ? NO_ATTRIBUTES : { attributes, service };
    this.#byContent.set(content, series);
    return series;
  }

  /** Equal texts have one number: comparing sets by numbers does not cost the length of their texts. */
  #number(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}
