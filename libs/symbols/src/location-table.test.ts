import { heap } from "@hearth/arena";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type ForeignLocations, LocationTable } from "./location-table.ts";
import { NOT_MERGED } from "./symbols-merge.ts";

interface Sketch {
  readonly mapping: number;
  readonly low: number;
  readonly high: number;
  readonly isFolded: number;
  /** Pairs of a function and a line. */
  readonly lines: readonly (readonly [number, number])[];
}

/** From few numbers, so that locations often differ in one of them, and often in none. */
const sketch = fc.record({
  mapping: fc.nat(1),
  low: fc.constantFrom(0, 0, 0, 0xfffffff0),
  high: fc.constantFrom(0, 0, 0, 0xffffffff),
  isFolded: fc.constantFrom(0, 0, 0, 1),
  lines: fc.array(fc.tuple(fc.nat(2), fc.constantFrom(0, 7, -1)), { maxLength: 2 }),
}) satisfies fc.Arbitrary<Sketch>;
const sketches = fc.array(sketch, { maxLength: 60 });

const EMPTY: Sketch = { mapping: 0, low: 0, high: 0, isFolded: 0, lines: [] };

/** Whose functions are numbered one higher in the table; mappings as they are. */
function foreign(all: readonly Sketch[]): ForeignLocations {
  const lines = all.flatMap((each) => each.lines);
  const ends = all.map((_, index) => all.slice(0, index + 1).flatMap((each) => each.lines).length);
  return {
    locations: {
      mapping: Uint32Array.from(all, ({ mapping }) => mapping),
      addressLow: Uint32Array.from(all, ({ low }) => low),
      addressHigh: Uint32Array.from(all, ({ high }) => high),
      isFolded: Uint8Array.from(all, ({ isFolded }) => isFolded),
      firstLine: Uint32Array.from([0, ...ends]),
    },
    lines: {
      functionIndex: Uint32Array.from(lines, ([functionIndex]) => functionIndex),
      line: Int32Array.from(lines, ([, line]) => line),
    },
    mappingMap: Uint32Array.of(0, 1),
    functionMap: Uint32Array.of(1, 2, 3),
  };
}

/** Numbers by content, as they come. */
class SlowTable {
  readonly #numbers = new Map<string, number>([[JSON.stringify(EMPTY), 0]]);

  intern(location: Sketch): number {
    const key = JSON.stringify(location);
    if (!this.#numbers.has(key)) this.#numbers.set(key, this.#numbers.size);
    return this.#numbers.get(key)!;
  }

  find(location: Sketch): number {
    return this.#numbers.get(JSON.stringify(location)) ?? NOT_MERGED;
  }
}

describe("LocationTable", () => {
  it("numbers distinct locations as they come, and finds those that are there, as a slow table does", () => {
    fc.assert(
      fc.property(sketches, sketches, (added, asked) => {
        const table = new LocationTable(heap);
        const model = new SlowTable();
        const from = foreign(added);
        expect(added.map((_, index) => table.intern(from, index))).toEqual(
          added.map((each) => model.intern(each)),
        );
        const all = [EMPTY, ...asked];
        const numbers = new Uint32Array(all.length).fill(NOT_MERGED);
        table.findAll(foreign(all), new Uint8Array(all.length).fill(1), numbers);
        expect([...numbers.subarray(1)]).toEqual(asked.map((each) => model.find(each)));
      }),
    );
  });

  it("finds thousands, and looks up only what is wanted", () => {
    const all = Array.from({ length: 5000 }, (_, index): Sketch => ({
      ...EMPTY,
      low: index % 3 === 0 ? index : 0,
      lines: [[index % 3, index]],
    }));
    const from = foreign(all);
    const table = new LocationTable(heap);
    const numbers = all.map((_, index) => table.intern(from, index));
    const wanted = Uint8Array.from(all, (_, index) => index % 2);
    const found = new Uint32Array(all.length).fill(NOT_MERGED);
    table.findAll(from, wanted, found);
    expect([...found]).toEqual(numbers.map((number, index) => (wanted[index] === 1 ? number : NOT_MERGED)));
    expect(new Set(numbers).size).toBe(5000);
  });
});
