import { describe, expect, it } from "@jest/globals";

import { commandVersion } from "../../src/raft-check/command-version.ts";

describe("the version in which a leader writes", () => {
  it.each<{ name: string; own?: [number, number]; others: (number | undefined)[]; want: number }>([
    { name: "its newest when it is alone", others: [], want: 3 },
    { name: "its newest when all have that", others: [3, 3], want: 3 },
    { name: "its newest when others have a newer one", others: [4, 5], want: 3 },
    { name: "that of the oldest of the others", others: [3, 2], want: 2 },
    { name: "its oldest when one is not known", others: [3, undefined], want: 1 },
    { name: "its oldest when one is too old for it", own: [2, 3], others: [3, 1], want: 2 },
    { name: "the only one that there is", own: [1, 1], others: [undefined, 1, 2], want: 1 },
  ])("is $name", ({ own = [1, 3], others, want }) => {
    const [oldest, newest] = own;
    expect(commandVersion({ oldest, newest }, others)).toBe(want);
  });
});
