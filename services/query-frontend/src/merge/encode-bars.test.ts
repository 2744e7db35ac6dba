import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { exactColumnFromBigInts } from "@hearth/exact-integers";
import { FlameGraphDiffSchema, FlameGraphSchema } from "@hearth/proto/querier/v1";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { encodeBars, type Sums } from "./encode-bars.ts";

const anyValue = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  fc.constantFrom(
    0n,
    1n,
    9n,
    10n,
    999_999_999n,
    10n ** 9n,
    2n ** 31n,
    2n ** 32n,
    2n ** 52n - 1n,
    2n ** 52n,
    2n ** 53n + 1n,
  ),
);
const anyName = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("total", 'a "quoted" \\ name', "tab\tand\u0001", "日本語", ""),
);
const anyRow = fc.array(anyValue, { minLength: 1, maxLength: 8 });

describe("rows of bars", () => {
  it("are written as the message of the same content is, in binary and in JSON", () => {
    fc.assert(
      fc.property(
        fc.array(anyName, { minLength: 1, maxLength: 5 }),
        fc.array(anyRow, { minLength: 1, maxLength: 5 }),
        fc.tuple(anyValue, anyValue, anyValue, anyValue),
        (names, rows, [total, maxSelf, leftTicks, rightTicks]) => {
          const levels = rows.map((values) => ({ values }));
          const graph = create(FlameGraphSchema, { names, levels, total, maxSelf });
          const diff = create(FlameGraphDiffSchema, { names, levels, total, maxSelf, leftTicks, rightTicks });
          const sums: Sums = [
            ["total", total],
            ["maxSelf", maxSelf],
          ];
          const ticks: Sums = [
            ["leftTicks", leftTicks],
            ["rightTicks", rightTicks],
          ];
          const written = (all: Sums, format: "binary" | "json"): Buffer =>
            Buffer.from(encodeBars(barsOf(names, rows), all, format));
          expect(written(sums, "binary")).toEqual(Buffer.from(toBinary(FlameGraphSchema, graph)));
          expect(written(sums, "json").toString("utf8")).toBe(toJsonString(FlameGraphSchema, graph));
          expect(written([...sums, ...ticks], "binary")).toEqual(
            Buffer.from(toBinary(FlameGraphDiffSchema, diff)),
          );
          expect(written([...sums, ...ticks], "json").toString("utf8")).toBe(
            toJsonString(FlameGraphDiffSchema, diff),
          );
        },
      ),
    );
  });
});

function barsOf(
  names: readonly string[],
  rows: readonly (readonly bigint[])[],
): Parameters<typeof encodeBars>[0] {
  let end = 0;
  return {
    names: names.map((name) => new TextEncoder().encode(name)),
    rowStarts: Uint32Array.from([0, ...rows.map((row) => (end += row.length))]),
    values: exactColumnFromBigInts(rows.flat()),
  };
}
