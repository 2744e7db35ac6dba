import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { StringInterner } from "./string-interner.ts";
import { NOT_MERGED } from "./symbols-merge.ts";

const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "é"), maxLength: 9 }), { maxLength: 60 });

describe("StringInterner", () => {
  it("numbers distinct strings as they come, and finds those that are there, as a map does", () => {
    fc.assert(
      fc.property(texts, texts, (added, asked) => {
        const model = new Map([["", 0]]);
        for (const text of added) if (!model.has(text)) model.set(text, model.size);
        const interner = new StringInterner();
        expect(added.map((text) => interner.internString(text))).toEqual(
          added.map((text) => model.get(text)),
        );
        const column = new StringInterner();
        for (const text of asked) column.internString(text);
        const strings = column.view();
        const numbers = new Uint32Array(column.count).fill(NOT_MERGED);
        interner.findAll(strings, new Uint8Array(column.count).fill(1), numbers);
        const distinct = [...new Set(asked)].filter((text) => text !== "");
        expect([...numbers.subarray(1)]).toEqual(distinct.map((text) => model.get(text) ?? NOT_MERGED));
      }),
    );
  });
});
