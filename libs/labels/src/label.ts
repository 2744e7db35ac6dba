/** One label of a series. */
export interface Label {
  readonly name: string;
  readonly value: string;
}

/** A label set: sorted by name (bytes of UTF-8), names distinct, no empty value. */
export type Labels = readonly Label[];
