import { describe, expect, it } from "@jest/globals";

import { TermTable } from "../src/term-table.ts";
import { wrongSeeds, type Chance } from "./model/seeded.ts";

/** The term of each place, from `first` on. */
interface Plain {
  first: number;
  terms: number[];
}

describe("the table of terms", () => {
  it("knows what a list of all terms knows, whatever is done to it", () => {
    expect(
      wrongSeeds(3_000, (chance) => {
        const plain: Plain = { first: chance.between(0, 3), terms: [chance.between(0, 2)] };
        const table = new TermTable({ index: plain.first, term: plain.terms[0]! });
        for (let step = 0; step < 30; step++) {
          change(chance, table, plain);
          if (!isSame(chance, table, plain)) return false;
        }
        return true;
      }),
    ).toEqual([]);
  });

  it("grows with the number of terms, not of entries", () => {
    const table = new TermTable({ index: 1, term: 1 });
    for (let count = 0; count < 100_000; count++) table.push(count < 50_000 ? 1 : 2);
    expect([table.lastIndex, table.at(50_001), table.at(50_002)]).toEqual([100_001, 1, 2]);
    expect(table.lastAtMost(1, 100_001)).toBe(50_001);
  });

  it.each([
    { name: "at a place whose term is low enough it is the place", term: 3, from: 4, want: 4 },
    { name: "it passes over the whole of a later term", term: 2, from: 7, want: 3 },
    { name: "it is never beyond the end", term: 9, from: 99, want: 7 },
    { name: "before the table when all terms are later", term: 0, from: 7, want: 0 },
    { name: "what is before the table is taken at its word", term: 1, from: 0, want: 0 },
  ])("finds the last place up to another with a term that is not later: $name", ({ term, from, want }) => {
    // Places 1 to 7 have the terms 1 1 2 3 3 5 5.
    const table = new TermTable({ index: 1, term: 1 });
    for (const pushed of [1, 2, 3, 3, 5, 5]) table.push(pushed);
    expect(table.lastAtMost(term, from)).toBe(want);
  });
});

function change(chance: Chance, table: TermTable, plain: Plain): void {
  const last = plain.first + plain.terms.length - 1;
  const what = chance.next();
  if (what < 0.75) {
    const term = plain.terms.at(-1)! + (chance.isTrue(0.3) ? chance.between(1, 2) : 0);
    table.push(term);
    plain.terms.push(term);
  } else if (what < 0.9) {
    const keepTo = chance.between(plain.first, last);
    table.truncateAfter(keepTo);
    plain.terms.splice(keepTo - plain.first + 1);
  } else {
    const first = chance.between(plain.first, last);
    table.compactTo(first);
    plain.terms.splice(0, first - plain.first);
    plain.first = first;
  }
}

function isSame(chance: Chance, table: TermTable, { first, terms }: Plain): boolean {
  const last = first + terms.length - 1;
  if (table.firstIndex !== first || table.lastIndex !== last) return false;
  for (let index = first - 1; index <= last + 1; index++) {
    if (table.at(index) !== terms[index - first]) return false;
  }
  const [term, from] = [chance.between(0, terms.at(-1)! + 1), chance.between(first, last + 2)];
  let want = Math.min(from, last);
  while (want >= first && terms[want - first]! > term) want--;
  return table.lastAtMost(term, from) === want;
}
