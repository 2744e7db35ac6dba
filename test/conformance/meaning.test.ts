import { describe, expect, it } from "@jest/globals";

import { meaningOf } from "./meaning.ts";

/** root → (a → leaf, b), as levels of `[offset, total, self, name]`; `b` first in the second. */
const graph = {
  names: ["root", "a", "b", "leaf"],
  levels: [
    { values: ["0", "10", "0", "0"] },
    { values: ["0", "6", "1", "1", "0", "4", "4", "2"] },
    { values: ["0", "5", "5", "3"] },
  ],
};
const reordered = {
  names: ["root", "b", "leaf", "a"],
  levels: [
    { values: ["0", "10", "0", "0"] },
    { values: ["0", "4", "4", "1", "0", "6", "1", "3"] },
    { values: ["4", "5", "5", "2"] },
  ],
};
const leafBelowB = {
  ...reordered,
  levels: [...reordered.levels.slice(0, 2), { values: ["0", "4", "4", "2"] }],
};

const profile = {
  sampleType: [{ type: "1", unit: "2" }],
  sample: [{ locationId: ["1", "2"], value: ["7"] }],
  location: [
    { id: "1", line: [{ functionId: "1", line: "5" }] },
    { id: "2", line: [{ functionId: "2" }] },
  ],
  function: [
    { id: "1", name: "3" },
    { id: "2", name: "4" },
  ],
  stringTable: ["", "cpu", "nanoseconds", "leaf", "root"],
};
const renumbered = {
  ...profile,
  sample: [{ locationId: ["8", "9"], value: ["7"] }],
  location: [
    { id: "9", line: [{ functionId: "4" }] },
    { id: "8", line: [{ functionId: "3", line: "5" }] },
  ],
  function: [
    { id: "3", name: "3" },
    { id: "4", name: "4" },
  ],
};

describe("meaningOf", () => {
  it.each([
    {
      what: "order of siblings",
      as: "flame",
      one: { flamegraph: graph },
      other: { flamegraph: reordered },
      same: true,
    },
    {
      what: "place of a frame",
      as: "flame",
      one: { flamegraph: graph },
      other: { flamegraph: leafBelowB },
      same: false,
    },
    { what: "ids in a profile", as: "pprof", one: profile, other: renumbered, same: true },
    {
      what: "a line number",
      as: "pprof",
      one: profile,
      other: { ...profile, location: profile.location.slice(1) },
      same: false,
    },
    {
      what: "order of names",
      as: "labels",
      one: { names: ["a", "b"] },
      other: { names: ["b", "a"] },
      same: true,
    },
    { what: "a name", as: "labels", one: { names: ["a", "b"] }, other: { names: ["a"] }, same: false },
    { what: "an absent list", as: "series", one: {}, other: { series: [] }, same: true },
    { what: "an int64 as a number", as: "json", one: { at: "1" }, other: { at: 1 }, same: false },
  ])("an answer as $as, $what: same meaning $same", ({ as, one, other, same }) => {
    const meaning = (body: unknown): string =>
      JSON.stringify(meaningOf({ id: "", as }, { status: 200, contentType: "application/json", body }));
    expect(meaning(one) === meaning(other)).toBe(same);
  });

  it("of a refusal is its status and its code", () => {
    const refusal = {
      status: 400,
      contentType: "application/json",
      body: { code: "invalid_argument", message: "no" },
    };
    expect(meaningOf({ id: "" }, refusal)).toEqual({ status: 400, code: "invalid_argument" });
  });
});
