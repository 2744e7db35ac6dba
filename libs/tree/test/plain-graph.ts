import { exactToBigInt } from "@hearth/exact-integers";

import type { BarRows } from "../src/bars.ts";

/** What a person would write down: names as texts, and the values of each row. */
export type Plain<Graph extends BarRows> = Omit<Graph, keyof BarRows> & {
  readonly names: readonly string[];
  readonly levels: readonly (readonly bigint[])[];
};

export function plain<Graph extends BarRows>({ names, rowStarts, values, ...rest }: Graph): Plain<Graph> {
  const levels = Array.from({ length: rowStarts.length - 1 }, (_, row) =>
    Array.from({ length: rowStarts[row + 1]! - rowStarts[row]! }, (_, i) =>
      exactToBigInt(values, rowStarts[row]! + i),
    ),
  );
  return { ...rest, names: names.map((utf8) => Buffer.from(utf8).toString("utf8")), levels };
}
