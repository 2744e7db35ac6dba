import { heap } from "@hearth/arena";
import { describe, expect, it } from "@jest/globals";
import { buildProfileColumns } from "@hearth/testing";
import fc from "fast-check";
import { type MarkedProfiles, profileEnds } from "./profile-ends.ts";

const rowsAt = (
  rows: readonly (readonly [timeMs: number, id: number])[],
): Parameters<typeof profileEnds>[0] =>
  buildProfileColumns(rows.map(([timeMs, id]) => ({ labels: {}, timeMs, id, samples: [] }))).rows;

const marksOf = ({ marks }: MarkedProfiles): number[] => Array.from(marks, (mark) => mark / 2 ** 24);

describe("profileEnds", () => {
  it("marks all profiles of the ranges that it names, and no others, in ascending order", () => {
    const anyRows = fc.array(fc.tuple(fc.nat(12), fc.nat(40)), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(anyRows, fc.integer({ min: 1, max: 12 }), (rows, endRows) => {
        for (const end of Object.values(profileEnds(rowsAt(rows), heap, endRows)) as MarkedProfiles[]) {
          const within = rows.filter(([time]) => time >= end.startMs && time < end.endMs).map(([, id]) => id);
          expect(marksOf(end)).toEqual([...new Set(within)].sort((a, b) => a - b));
        }
      }),
    );
  });

  it.each([
    { name: "all of a small dataset at its beginning", times: [5, 1, 3, 9], head: [1, 10], tail: [10, 10] },
    { name: "so many at each end of a larger one", times: [1, 2, 3, 4, 5, 6], head: [1, 3], tail: [5, 7] },
    { name: "none where more come at once", times: [1, 1, 1, 4, 5, 6], head: [1, 1], tail: [5, 7] },
  ])("marks $name", ({ times, head, tail }) => {
    const ends = profileEnds(rowsAt(times.map((time, id) => [time, id])), heap, 2);
    expect([ends.head, ends.tail].map(({ startMs, endMs }) => [startMs, endMs])).toEqual([head, tail]);
  });
});
